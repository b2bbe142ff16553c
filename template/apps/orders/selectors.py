"""Reading orders."""

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

# What somebody must have paid to be on each tier, the highest first.
TIERS = {"platinum": Decimal(10_000), "gold": Decimal(5_000), "silver": Decimal(1_000)}
LOWEST_TIER = "bronze"
SUMMARY_SECONDS = 300

_NOTHING = Value(Decimal("0.00"))
_PAID = Q(status=Status.PAID)
_REFUNDED = Q(status=Status.REFUNDED)


class Month(TypedDict):
    """What a customer paid in a month. Sums are text, as the API gives them."""

    month: str
    revenue: str
    order_count: int
    average: str


class Summary(TypedDict):
    """What a customer has ordered. Sums are text, as the API gives them."""

    order_count: int
    pending_count: int
    refund_count: int
    paid: str
    average: str | None
    tier: str
    months: list[Month]


class Day(TypedDict):
    """What a day brought."""

    order_count: int
    revenue: Decimal
    refunded: Decimal


def order_list(*, customer: "User") -> QuerySet[Order]:
    """Return the orders of a customer, newest first, with what a list shows and no more."""
    return Order.objects.filter(customer=customer).only("status", "amount", "item_count", "created_at")


def order_detail(*, customer: "User") -> QuerySet[Order]:
    """Return the orders of a customer with their items, in two queries however many there are."""
    return Order.objects.filter(customer=customer).prefetch_related(items_prefetch())


def items_prefetch() -> "Prefetch[str, QuerySet[OrderItem], str]":
    """Return what brings the items of any number of orders in one query, in the order in which they were written."""
    items = OrderItem.objects.only("order_id", "product_id", "sku", "name", "quantity", "unit_price")
    return Prefetch("items", queryset=items.order_by("id"))


def with_product(*, orders: QuerySet[Order], product_id: UUID) -> QuerySet[Order]:
    """Return those of some orders that have a product in them.

    Each order is looked up in the index of its items; a list of ids would have to be fetched, sent back and read.
    """
    return orders.filter(Exists(OrderItem.objects.filter(order=OuterRef("pk"), product_id=product_id)))


def summary_name(customer_id: UUID) -> str:
    """Return what the cache calls the summary of a customer."""
    return f"orders.summary.{customer_id}"


def order_summary(*, customer: "User") -> Summary:
    """Return what a customer has ordered: counts, sums, their tier, and what they paid in each month.

    Kept for five minutes, or until one of their orders changes.
    """
    return cached(
        summary_name(customer.pk), key="", timeout=SUMMARY_SECONDS, compute=lambda: _summary(customer_id=customer.pk)
    )


def day_figures(*, day: date) -> Day:
    """Return what the orders of a day come to. Read from an index alone (`orders_order_report`)."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=get_default_timezone())
    figures = Order.objects.filter(created_at__gte=start, created_at__lt=start + timedelta(days=1)).aggregate(
        order_count=Count("*"),
        revenue=Coalesce(Sum("amount", filter=_PAID), _NOTHING),
        refunded=Coalesce(Sum("amount", filter=_REFUNDED), _NOTHING),
    )
    return Day(order_count=figures["order_count"], revenue=figures["revenue"], refunded=figures["refunded"])


def _summary(*, customer_id: UUID) -> Summary:
    orders = Order.objects.filter(customer=customer_id)
    paid = Coalesce(Sum("amount", filter=_PAID), _NOTHING)
    # One pass over the orders of the customer, whatever is counted.
    figures = orders.aggregate(
        order_count=Count("*"),
        pending_count=Count("pk", filter=Q(status=Status.PENDING)),
        refund_count=Count("pk", filter=_REFUNDED),
        paid=paid,
        average=Avg("amount", filter=_PAID),
        tier=Case(
            *(When(paid__gte=amount, then=Value(tier)) for tier, amount in TIERS.items()),
            default=Value(LOWEST_TIER),
            output_field=CharField(),
        ),
    )
    months = (
        orders.filter(_PAID)
        .annotate(month=TruncMonth("created_at"))
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
