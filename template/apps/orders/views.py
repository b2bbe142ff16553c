"""HTTP endpoints of orders."""

from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet, prefetch_related_objects
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from apps.core.exceptions.openapi import problem_responses
from apps.core.idempotency import KEY_PATTERN, IdempotentResponse, run_idempotent
from apps.core.serializers import serialize
from apps.orders import serializers
from apps.orders.filters import OrderFilter
from apps.orders.models import Order
from apps.orders.product_gateway import DEMO_PRODUCT_ID
from apps.orders.selectors import items_prefetch, order_detail, order_list, order_summary
from apps.orders.services import order_cancel, order_create

if TYPE_CHECKING:
    from apps.users.models import User

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    description="Identifies this request, for example by a UUID. If it is sent again within a day, it is not executed "
    "again, and gets the same response.",
)
DEMO_ORDER = OpenApiExample(
    "Demo product",
    {"items": [{"product_id": str(DEMO_PRODUCT_ID), "quantity": 1}], "notes": ""},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="List own orders"), retrieve=extend_schema(summary="Get an order with its items")
)
class OrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Order]):
    """The orders of the caller. Orders of other users are not found."""

    queryset = Order.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = OrderFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Order]:
        customer = cast("User", self.request.user)
        return order_detail(customer=customer) if self.action == "retrieve" else order_list(customer=customer)

    def filter_queryset[RowT](self, queryset: QuerySet[Order, RowT]) -> QuerySet[Order, RowT]:
        # `get_object` filters too: without this, `/orders/{id}/?status=paid` would be 404 for a pending order.
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return serializers.OrderListSerializer if self.action == "list" else serializers.OrderDetailSerializer

    @extend_schema(
        summary="Place an order",
        parameters=[IDEMPOTENCY_KEY],
        request=serializers.OrderCreateSerializer,
        responses={
            status.HTTP_201_CREATED: serializers.OrderDetailSerializer,
            **problem_responses(status.HTTP_409_CONFLICT, status.HTTP_422_UNPROCESSABLE_ENTITY),
        },
        examples=[DEMO_ORDER],
    )
    def create(self, request: Request) -> Response:
        """Reserve the stock and place an order. If the stock is too low, nothing is reserved."""
        customer = cast("User", request.user)
        serializer = serializers.OrderCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        def handler() -> dict[str, Any]:
            order = order_create(customer=customer, **serializer.validated_data)
            prefetch_related_objects([order], items_prefetch())
            return dict(serialize(serializers.OrderDetailSerializer, order))

        key = request.headers.get("Idempotency-Key")
        if key is None:
            result = IdempotentResponse(handler(), is_replayed=False)
        else:
            result = run_idempotent(
                user=customer, key=key, operation="order_create", request=request.data, handler=handler
            )
        headers = {"Idempotent-Replayed": "true"} if result.is_replayed else None
        return Response(result.body, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(
        summary="Cancel a pending order",
        request=None,
        responses={
            status.HTTP_200_OK: serializers.OrderDetailSerializer,
            **problem_responses(status.HTTP_404_NOT_FOUND, status.HTTP_409_CONFLICT),
        },
    )
    @action(detail=True, methods=["post"])
    def cancel(self, _request: Request, **_kwargs: object) -> Response:
        """Cancel an order that is not paid yet, and return its stock."""
        order = order_cancel(order=self.get_object())
        prefetch_related_objects([order], items_prefetch())
        return Response(serialize(serializers.OrderDetailSerializer, order))

    @extend_schema(summary="Get figures of own orders", responses=serializers.OrderSummarySerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def summary(self, request: Request) -> Response:
        """Return counts, sums, paid amounts per month, and the tier of the caller."""
        return Response(order_summary(customer=cast("User", request.user)))
