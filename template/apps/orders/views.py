"""HTTP for orders: reads a request, calls a service or selector, gives a response."""

from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet, prefetch_related_objects
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from apps.core.exceptions.openapi import problems
from apps.core.idempotency import KEY_PATTERN, IdempotentResponse, run_idempotent
from apps.orders import serializers
from apps.orders.filters import OrderFilter
from apps.orders.goods import DEMO_PRODUCT_ID
from apps.orders.models import Order
from apps.orders.selectors import items_prefetch, order_detail, order_list, order_summary
from apps.orders.services import order_cancel, order_create

if TYPE_CHECKING:
    from apps.users.models import User

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    description="What you call this request, a UUID for example. Sent again within a day it is not done again, and "
    "gets the same answer.",
)
ORDER_EXAMPLE = OpenApiExample(
    "Of the demo data",
    {"items": [{"product_id": str(DEMO_PRODUCT_ID), "quantity": 1}], "notes": ""},
    request_only=True,
)


class OrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Order]):
    """The orders of the caller, and of nobody else."""

    queryset = Order.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = OrderFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Order]:
        customer = cast("User", self.request.user)
        # What changes an order reads its items when it is changed.
        return order_detail(customer=customer) if self.action == "retrieve" else order_list(customer=customer)

    def filter_queryset[RowT](self, queryset: QuerySet[Order, RowT]) -> QuerySet[Order, RowT]:
        # What narrows a list down does not hide an order that is named by its id.
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        if self.action == "list":
            return serializers.OrderListSerializer
        return serializers.OrderDetailSerializer

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=serializers.OrderCreateSerializer,
        responses={
            status.HTTP_201_CREATED: serializers.OrderDetailSerializer,
            **problems(status.HTTP_409_CONFLICT, status.HTTP_422_UNPROCESSABLE_ENTITY),
        },
        examples=[ORDER_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Order something. Its goods are taken off the stock at once, or nothing is ordered."""
        customer = cast("User", request.user)
        serializer = serializers.OrderCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        def handler() -> dict[str, Any]:
            order = order_create(customer=customer, **serializer.validated_data)
            prefetch_related_objects([order], items_prefetch())
            return dict(serializers.OrderDetailSerializer(order).data)

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
        request=None,
        responses={
            status.HTTP_200_OK: serializers.OrderDetailSerializer,
            **problems(status.HTTP_404_NOT_FOUND, status.HTTP_409_CONFLICT),
        },
    )
    @action(detail=True, methods=["post"])
    def cancel(self, _request: Request, **_kwargs: object) -> Response:
        """Call an order off that is not paid yet. Its goods go back on the stock."""
        order = order_cancel(order=self.get_object())
        prefetch_related_objects([order], items_prefetch())
        return Response(self.get_serializer(order).data)

    @extend_schema(responses=serializers.OrderSummarySerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def summary(self, request: Request) -> Response:
        """What the caller has ordered so far: counts, sums, months, and the tier that follows."""
        return Response(order_summary(customer=cast("User", request.user)))
