"""Read orders."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from django.db.models import Avg, Case, CharField, Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.timezone import get_default_timezone

from apps.core.caching import cached
from apps.orders.models import Order, OrderItem
from apps.orders.states import Status

if TYPE_CHECKING:
    from apps.users.models import User

# What a customer has to have paid for each tier, highest first.
TIERS = {"platinum": Decimal(10_000), "gold": Decimal(5_000), "silver": Decimal(1_000)}
LOWEST_TIER = "bronze"
SUMMARY_TIMEOUT = 5 * 60

_ZERO = Value(Decimal("0.00"))
_PAID = Q(status=Status.PAID)


class Month(TypedDict):
    """The paid orders of a month. Sums are text, as in the API."""

    month: str
    revenue: str
    order_count: int
    average: str


class Summary(TypedDict):
    """Figures of the orders of a customer. Sums are text, as in the API."""

    order_count: int
    pending_count: int
    refund_count: int
    paid: str
    average: str | None
    tier: str
    months: list[Month]


class DayFigures(TypedDict):
    """How many orders were placed on a day, and what was paid and refunded on that day."""

    order_count: int
    revenue: Decimal
    refunded: Decimal


def order_list(*, customer: "User") -> QuerySet[Order]:
    """Return the orders of a customer, newest first, with the columns that a list shows."""
    return Order.objects.filter(customer=customer).only("status", "amount", "item_count", "created_at")


def order_detail(*, customer: "User") -> QuerySet[Order]:
    """Return the orders of a customer with their items, in two queries."""
    return Order.objects.filter(customer=customer).prefetch_related(items_prefetch())


def items_prefetch() -> "Prefetch[str, QuerySet[OrderItem], str]":
    """Return the prefetch of items. `only` has to name `order_id`, or Django reads it again for each item."""
    items = OrderItem.objects.only("order_id", "product_id", "sku", "name", "quantity", "unit_price")
    return Prefetch("items", queryset=items.order_by("id"))


def with_product(*, orders: QuerySet[Order], product_id: UUID) -> QuerySet[Order]:
    """Return the orders that contain this product."""
    return orders.filter(Exists(OrderItem.objects.filter(order=OuterRef("pk"), product_id=product_id)))


def summary_cache_name(customer_id: UUID) -> str:
    """Return the name under which the summary of a customer is cached."""
    return f"orders.summary.{customer_id}"


def order_summary(*, customer: "User") -> Summary:
    """Return counts, sums, the tier and the months of a customer, from the cache or with two queries."""
    return cached(summary_cache_name(customer.pk), timeout=SUMMARY_TIMEOUT, compute=lambda: _summary(customer.pk))


def day_figures(*, day: date) -> DayFigures:
    """Return the figures of a day. A payment counts on the day it was made, whenever the order was placed."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=get_default_timezone())

    def orders(column: str) -> QuerySet[Order]:
        return Order.objects.filter(**{f"{column}__gte": start, f"{column}__lt": start + timedelta(days=1)})

    def amount(column: str) -> Decimal:
        total: Decimal = orders(column).aggregate(total=Coalesce(Sum("amount"), _ZERO))["total"]
        return total

    return DayFigures(
        order_count=orders("created_at").count(), revenue=amount("paid_at"), refunded=amount("refunded_at")
    )


def _summary(customer_id: UUID) -> Summary:
    orders = Order.objects.filter(customer=customer_id)
    figures = orders.aggregate(
        order_count=Count("*"),
        pending_count=Count("pk", filter=Q(status=Status.PENDING)),
        refund_count=Count("pk", filter=Q(status=Status.REFUNDED)),
        paid=Coalesce(Sum("amount", filter=_PAID), _ZERO),
        average=Avg("amount", filter=_PAID),
        tier=Case(
            *(When(paid__gte=amount, then=Value(tier)) for tier, amount in TIERS.items()),
            default=Value(LOWEST_TIER),
            output_field=CharField(),
        ),
    )
    months = (
        orders.filter(_PAID, paid_at__isnull=False)
        .annotate(month=TruncMonth("paid_at"))
        .values("month")
        .annotate(revenue=Sum("amount"), order_count=Count("*"), average=Avg("amount"))
        .order_by("month")
    )
    return Summary(
        order_count=figures["order_count"],
        pending_count=figures["pending_count"],
        refund_count=figures["refund_count"],
        paid=_money(figures["paid"]),
        average=None if figures["average"] is None else _money(figures["average"]),
        tier=figures["tier"],
        months=[
            Month(
                month=f"{row['month']:%Y-%m}",
                revenue=_money(row["revenue"]),
                order_count=row["order_count"],
                average=_money(row["average"]),
            )
            for row in months
        ],
    )


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
