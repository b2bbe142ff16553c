"""Views that do the same work without any protection."""

from typing import Any, ClassVar

from bare.models import IdempotencyKey, Order, OrderItem, Product, StockMovement
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from rest_framework import generics, pagination, permissions, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


def live(_request: HttpRequest) -> JsonResponse:
    """Answer a probe."""
    return JsonResponse({"status": "ok"})


class NotFoundView(APIView):
    """Unknown paths."""

    permission_classes = (permissions.AllowAny,)

    def get(self, _request: Request) -> Response:
        """Answer 404."""
        raise NotFound


class MeView(APIView):
    """The user's own account."""

    def get(self, request: Request) -> Response:
        """Return the account."""
        user: Any = request.user
        return Response(
            {
                "id": str(user.pk),
                "email": user.email,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "roles": [],
                "date_joined": user.date_joined,
            }
        )


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product in a list."""

    category = serializers.CharField(source="category.slug")

    class Meta:
        """Options."""

        model = Product
        fields: ClassVar[list[str]] = [
            "id",
            "sku",
            "name",
            "category",
            "price",
            "tax_rate",
            "total_price",
            "stock",
            "is_active",
        ]


class Pagination(pagination.CursorPagination):
    """Pages of 25."""

    page_size = 25
    ordering = "-id"


class ProductListView(generics.ListAPIView[Product]):
    """Products."""

    permission_classes = (permissions.AllowAny,)
    serializer_class = ProductSerializer
    pagination_class = Pagination
    queryset = Product.objects.filter(is_active=True, is_deleted=False).select_related("category")


class ItemSerializer(serializers.Serializer[object]):
    """A product to order."""

    product_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1)


class OrderSerializer(serializers.Serializer[object]):
    """An order."""

    items = ItemSerializer(many=True)


class OrderView(APIView):
    """Orders."""

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Insert what the default project inserts."""
        serializer = OrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        [wanted] = serializer.validated_data["items"]
        quantity = wanted["quantity"]
        key = IdempotencyKey(
            user_id=request.user.pk, key=request.headers["Idempotency-Key"], request_hash="", response={}
        )
        key.save(force_insert=True)
        product = Product.objects.select_for_update().get(pk=wanted["product_id"])
        product.stock -= quantity
        product.save(update_fields=["stock"])
        StockMovement.objects.create(product=product, change=-quantity)
        order = Order.objects.create(
            customer_id=request.user.pk, amount=product.total_price * quantity, item_count=quantity
        )
        item = OrderItem.objects.create(
            order=order,
            product_id=product.pk,
            sku=product.sku,
            name=product.name,
            quantity=quantity,
            unit_price=product.total_price,
        )
        key.response = {
            "id": str(order.pk),
            "status": order.status,
            "amount": str(order.amount),
            "item_count": order.item_count,
            "items": [
                {
                    "product_id": str(item.product_id),
                    "sku": item.sku,
                    "name": item.name,
                    "quantity": item.quantity,
                    "unit_price": str(item.unit_price),
                }
            ],
            "notes": order.notes,
            "created_at": str(order.updated_at),
            "updated_at": str(order.updated_at),
        }
        key.save(update_fields=["response"])
        return Response(key.response, status=201)
