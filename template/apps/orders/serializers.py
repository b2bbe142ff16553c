"""Request and response bodies of the order endpoints, one serializer per action."""

from rest_framework import serializers

from apps.orders.models import Order, OrderItem

MAX_ITEMS = 100
MAX_QUANTITY = 1000
MAX_NOTES_LENGTH = 1000


class OrderItemInputSerializer(serializers.Serializer[object]):
    """A product to order, and its quantity."""

    product_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)


class OrderCreateSerializer(serializers.Serializer[object]):
    """A new order."""

    items = serializers.ListField(child=OrderItemInputSerializer(), min_length=1, max_length=MAX_ITEMS)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=MAX_NOTES_LENGTH, trim_whitespace=False)


class OrderListSerializer(serializers.ModelSerializer[Order]):
    """An order in a list."""

    class Meta:
        model = Order
        fields = ["id", "status", "amount", "item_count", "created_at"]
        read_only_fields = fields


class OrderItemSerializer(serializers.ModelSerializer[OrderItem]):
    """A product in an order, as it was sold."""

    class Meta:
        model = OrderItem
        fields = ["product_id", "sku", "name", "quantity", "unit_price"]
        read_only_fields = fields


class OrderDetailSerializer(serializers.ModelSerializer[Order]):
    """An order with its items."""

    items = OrderItemSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = ["id", "status", "amount", "item_count", "items", "notes", "created_at", "updated_at"]
        read_only_fields = fields


class MonthSerializer(serializers.Serializer[object]):
    """The paid orders of a month."""

    month = serializers.RegexField(r"^\d{4}-\d{2}$")
    revenue = serializers.DecimalField(max_digits=18, decimal_places=2)
    order_count = serializers.IntegerField()
    average = serializers.DecimalField(max_digits=18, decimal_places=2)


class OrderSummarySerializer(serializers.Serializer[object]):
    """Figures of the orders of the caller."""

    order_count = serializers.IntegerField()
    pending_count = serializers.IntegerField()
    refund_count = serializers.IntegerField()
    paid = serializers.DecimalField(max_digits=18, decimal_places=2)
    average = serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True)
    tier = serializers.CharField()
    months = MonthSerializer(many=True)
