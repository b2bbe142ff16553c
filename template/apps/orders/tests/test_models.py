from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError

from apps.orders.models import Order
from apps.orders.tests.factories import DailyReportFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


def test_created_at_is_set_by_the_clock_of_the_database() -> None:
    with time_machine.travel("2020-01-01"):
        order = OrderFactory.create()

    assert order.created_at.year > 2020


def test_orders_are_ordered_newest_first() -> None:
    orders = OrderFactory.create_batch(3)

    assert list(Order.objects.all()) == orders[::-1]


@pytest.mark.parametrize(
    "values", [{"status": "lost"}, {"amount": Decimal("-0.01")}, {"item_count": -1}, {"item_count": None}]
)
def test_database_refuses_an_invalid_order(values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        OrderFactory.create(**values)


@pytest.mark.parametrize("values", [{"quantity": 0}, {"unit_price": Decimal(-1)}])
def test_database_refuses_an_invalid_item(values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        OrderItemFactory.create(**values)


def test_product_is_in_an_order_once() -> None:
    item = OrderItemFactory.create()

    with pytest.raises(IntegrityError):
        OrderItemFactory.create(order=item.order, product_id=item.product_id)


def test_day_is_reported_once() -> None:
    assert str(DailyReportFactory.create()) == "2026-01-31"

    with pytest.raises(IntegrityError):
        DailyReportFactory.create()


def test_models_have_readable_names() -> None:
    item = OrderItemFactory.create(sku="LAMP", quantity=3)

    assert str(item) == "3 x LAMP"
    assert str(item.order) == f"Order {item.order.pk}"
