"""Factories of orders."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from apps.core.models import generate_id
from apps.orders.models import DailyReport, Order, OrderItem
from apps.orders.states import Status
from apps.users.tests.factories import UserFactory


def _now_if(*statuses: Status) -> LazyAttribute:
    def value(order: Order) -> datetime | None:
        return timezone.now() if order.status in statuses else None

    return LazyAttribute(value)


class OrderFactory(DjangoModelFactory[Order]):
    """A pending order without items."""

    class Meta:
        model = Order

    customer = SubFactory(UserFactory)
    amount = Decimal("12.00")
    item_count = 1
    status = Status.PENDING
    paid_at = _now_if(Status.PAID, Status.REFUNDED)
    refunded_at = _now_if(Status.REFUNDED)


class OrderItemFactory(DjangoModelFactory[OrderItem]):
    """One unit of a product, in an order of its own."""

    class Meta:
        model = OrderItem

    order = SubFactory(OrderFactory)
    product_id = LazyFunction(generate_id)
    sku = Sequence(lambda number: f"SKU-{number}")
    name = "Lamp"
    quantity = 1
    unit_price = Decimal("12.00")


class DailyReportFactory(DjangoModelFactory[DailyReport]):
    """The report of a day without orders."""

    class Meta:
        model = DailyReport

    day = date(2026, 1, 31)
    order_count = 0
    revenue = Decimal(0)
    refunded = Decimal(0)
