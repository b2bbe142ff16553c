"""Orders, what is in them, and what was answered to whoever placed them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.models import UUIDModel
from apps.orders.states import Status


class Order(UUIDModel):
    """What somebody ordered, and where it stands."""

    # The row of a customer who is gone stays, so this protects against mistakes only. The first composite index below
    # serves it: one of its own would be written for nobody to read.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    # What all of it costs, tax included.
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    # How many pieces, kept here so that a list need not add them up.
    item_count = models.IntegerField()
    notes = models.TextField(blank=True)
    # By the clock of the database, which is one for all that write to it.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    # When the money came, and when it went back. What a day brought is told by these, and not by when it was ordered.
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    refunded_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the mail that confirms it was written.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        # Every query that says nothing else is ordered by this: newest first, unique, and with an index.
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="orders_order_status_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="orders_order_amount_not_negative"),
            # That it is not null is said here as well: so PostgreSQL need not look through the table for it
            # (migrations 0005 to 0007).
            models.CheckConstraint(
                condition=Q(item_count__isnull=False, item_count__gte=0), name="orders_order_item_count_known"
            ),
        ]
        indexes = [
            # Composite: the orders of one customer, page by page; of one status, with the next.
            models.Index(fields=["customer", "-id"], name="orders_order_of_customer"),
            models.Index(fields=["customer", "status", "-id"], name="orders_order_by_status"),
            # Partial: few orders wait at any time, of however many there are.
            models.Index(fields=["created_at"], condition=Q(status=Status.PENDING), name="orders_order_pending"),
            models.Index(fields=["created_at"], condition=Q(confirmed_at=None), name="orders_order_unconfirmed"),
            models.Index(fields=["created_at"], name="orders_order_placed"),
            # Covering: what a report adds up stands in the index itself.
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
    """One line of an order. What was sold is written down: a product that changes later changes no order."""

    # The unique constraint begins with it, and serves it.
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items", db_index=False)
    # No foreign key: what is sold belongs to another app (`goods.py`).
    product_id = models.UUIDField()
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    # What one costs, tax included.
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
    """What a day brought. That it is there says that it was sent."""

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
