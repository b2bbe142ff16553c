"""Orders, their items and the daily reports."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.models import UUIDModel
from apps.orders.states import Status


class Order(UUIDModel):
    """An order of a customer."""

    # Without an index of its own: the index `orders_order_of_customer` begins with this column.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    # The total, tax included.
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    # The sum of the quantities, stored so that a list does not have to add them up.
    item_count = models.IntegerField()
    notes = models.TextField(blank=True)
    # Set by the clock of the database, which is the same for every process.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    # Reports count money on the day it was paid or refunded.
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    refunded_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the confirmation email was written.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        # The default order: newest first, unique, indexed.
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="orders_order_status_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="orders_order_amount_not_negative"),
            # `isnull=False` lets PostgreSQL set NOT NULL without a table scan (migrations 0004 to 0006).
            models.CheckConstraint(
                condition=Q(item_count__isnull=False, item_count__gte=0), name="orders_order_item_count_known"
            ),
        ]
        indexes = [
            # Composite: the pages of a customer, and the pages of a customer with one status.
            models.Index(fields=["customer", "-id"], name="orders_order_of_customer"),
            models.Index(fields=["customer", "status", "-id"], name="orders_order_by_status"),
            # Partial, for `orders_expire` and `orders_confirm_due`: small, because few orders are pending or unconfirmed.
            models.Index(fields=["created_at"], condition=Q(status=Status.PENDING), name="orders_order_pending"),
            models.Index(fields=["created_at"], condition=Q(confirmed_at=None), name="orders_order_unconfirmed"),
            # For the orders of a day in `day_figures`.
            models.Index(fields=["created_at"], name="orders_order_placed"),
            # Covering: reports read the amounts from the index.
            models.Index(
                fields=["paid_at"], include=["amount"], condition=Q(paid_at__isnull=False), name="orders_order_paid"
            ),
            models.Index(
                fields=["refunded_at"],
                include=["amount"],
                condition=Q(refunded_at__isnull=False),
                name="orders_order_refunded",
            ),
        ]

    def __str__(self) -> str:
        return f"Order {self.pk}"


class OrderItem(UUIDModel):
    """A product in an order, with its name and price at the time of the order."""

    # Without an index of its own: the index of the unique constraint begins with this column.
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items", db_index=False)
    # Not a foreign key: products belong to another app (`product_gateway.py`).
    product_id = models.UUIDField()
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    # Tax included.
    unit_price = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "product_id"], name="orders_orderitem_product_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_orderitem_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="orders_orderitem_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class DailyReport(UUIDModel):
    """The figures of a day. A row means that the report was sent."""

    day = models.DateField(unique=True)
    order_count = models.PositiveIntegerField()
    revenue = models.DecimalField(max_digits=18, decimal_places=2)
    refunded = models.DecimalField(max_digits=18, decimal_places=2)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded__gte=0, revenue__gte=0), name="orders_dailyreport_sums_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}"
