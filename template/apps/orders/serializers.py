"""What the order endpoints take and give: one serializer for each action."""

from rest_framework import serializers

from apps.orders.models import Order, OrderItem

# What one order may hold: more is a mistake, or mischief.
MOST_LINES = 100
MOST_OF_ONE = 1000
LONGEST_NOTE = 1000


class LineSerializer(serializers.Serializer[object]):
    """A line of what is asked for."""

    product_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_OF_ONE)


class OrderCreateSerializer(serializers.Serializer[object]):
    """What is ordered."""

    items = serializers.ListField(child=LineSerializer(), min_length=1, max_length=MOST_LINES)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NOTE, trim_whitespace=False)


class OrderListSerializer(serializers.ModelSerializer[Order]):
    """An order among others."""

    class Meta:
        model = Order
        fields = ["id", "status", "amount", "item_count", "created_at"]
        read_only_fields = fields


class OrderItemSerializer(serializers.ModelSerializer[OrderItem]):
    """A line of an order, as it was sold."""

    class Meta:
        model = OrderItem
        fields = ["product_id", "sku", "name", "quantity", "unit_price"]
        read_only_fields = fields


class OrderDetailSerializer(serializers.ModelSerializer[Order]):
    """An order, and what is in it."""

    items = OrderItemSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = ["id", "status", "amount", "item_count", "items", "notes", "created_at", "updated_at"]
        read_only_fields = fields


class MonthSerializer(serializers.Serializer[object]):
    """What was paid in a month."""

    month = serializers.RegexField(r"^\d{4}-\d{2}$")
    revenue = serializers.DecimalField(max_digits=18, decimal_places=2)
    order_count = serializers.IntegerField()
    average = serializers.DecimalField(max_digits=18, decimal_places=2)


class OrderSummarySerializer(serializers.Serializer[object]):
    """What the caller has ordered."""

    order_count = serializers.IntegerField()
    pending_count = serializers.IntegerField()
    refund_count = serializers.IntegerField()
    paid = serializers.DecimalField(max_digits=18, decimal_places=2)
    average = serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True)
    tier = serializers.CharField()
    months = MonthSerializer(many=True)
