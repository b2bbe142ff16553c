"""Reading orders."""

from collections.abc import Iterator
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
# How many of all orders are in memory at once.
BATCH = 500
SUMMARY_SECONDS = 300

_NOTHING = Value(Decimal("0.00"))
_PAID = Q(status=Status.PAID)
_REFUNDED = Q(status=Status.REFUNDED)


class Month(TypedDict):
    """What a customer paid in a month, and did not get back. Sums are text, as the API gives them."""

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
    """What a day brought: how many orders were placed, what was paid, and what was given back.

    Whatever day the orders are of that were paid or refunded. What is refunded later was paid all the same.
    """

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


def oldest_first(orders: QuerySet[Order]) -> Iterator[Order]:
    """Yield orders by when they were placed, in batches: each once, whatever becomes of it or of the others meanwhile."""
    following = orders.order_by("created_at", "pk")
    while batch := list(following[:BATCH]):
        yield from batch
        last = batch[-1]
        # The two conditions say: later, or at the same time with a larger key. The first alone can be read from an index.
        later = orders.filter(created_at__gte=last.created_at).exclude(created_at=last.created_at, pk__lte=last.pk)
        following = later.order_by("created_at", "pk")


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
    """Return what happened on a day. Each figure is read from an index alone."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=get_default_timezone())

    def orders(moment: str) -> QuerySet[Order]:
        return Order.objects.filter(**{f"{moment}__gte": start, f"{moment}__lt": start + timedelta(days=1)})

    def money(moment: str) -> Decimal:
        total: Decimal = orders(moment).aggregate(total=Coalesce(Sum("amount"), _NOTHING))["total"]
        return total

    return Day(order_count=orders("created_at").count(), revenue=money("paid_at"), refunded=money("refunded_at"))


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
