"""Made-up orders."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from apps.core.ids import generate_id
from apps.orders.models import DailyReport, Order, OrderItem
from apps.orders.states import Status
from apps.users.tests.factories import UserFactory


def _now_in(*statuses: Status) -> LazyAttribute:
    """Return the time, where an order is in one of these states."""

    def moment(order: Order) -> datetime | None:
        return timezone.now() if order.status in statuses else None

    return LazyAttribute(moment)


class OrderFactory(DjangoModelFactory[Order]):
    """An order that waits to be paid, without items."""

    class Meta:
        model = Order

    customer = SubFactory(UserFactory)
    amount = Decimal("12.00")
    item_count = 1
    status = Status.PENDING
    paid_at = _now_in(Status.PAID, Status.REFUNDED)
    refunded_at = _now_in(Status.REFUNDED)


class OrderItemFactory(DjangoModelFactory[OrderItem]):
    """One piece of something, in an order of its own."""

    class Meta:
        model = OrderItem

    order = SubFactory(OrderFactory)
    product_id = LazyFunction(generate_id)
    sku = Sequence(lambda number: f"SKU-{number}")
    name = "Lamp"
    quantity = 1
    unit_price = Decimal("12.00")


class DailyReportFactory(DjangoModelFactory[DailyReport]):
    """What a day brought: nothing."""

    class Meta:
        model = DailyReport

    day = date(2026, 1, 31)
    order_count = 0
    revenue = Decimal(0)
    refunded = Decimal(0)
