from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError

from apps.orders.models import Order
from apps.orders.tests.factories import (
    DailyReportFactory,
    OrderFactory,
    OrderItemFactory,
)

pytestmark = pytest.mark.django_db


def test_the_clock_of_the_database_says_when_an_order_was_placed() -> None:
    with time_machine.travel("2020-01-01"):
        order = OrderFactory.create()

    assert order.created_at.year > 2020


def test_orders_come_newest_first() -> None:
    orders = [OrderFactory.create() for _ in range(3)]

    assert list(Order.objects.all()) == orders[::-1]


@pytest.mark.parametrize("wrong", [{"status": "lost"}, {"amount": Decimal("-0.01")}, {"item_count": -1}])
def test_the_database_refuses_an_order_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        OrderFactory.create(**wrong)


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"unit_price": Decimal(-1)}])
def test_the_database_refuses_an_item_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        OrderItemFactory.create(**wrong)


def test_a_product_is_in_an_order_once() -> None:
    item = OrderItemFactory.create()

    with pytest.raises(IntegrityError):
        OrderItemFactory.create(order=item.order, product_id=item.product_id)


def test_a_day_is_reported_once() -> None:
    DailyReportFactory.create()

    with pytest.raises(IntegrityError):
        DailyReportFactory.create()


def test_rows_say_what_they_are() -> None:
    item = OrderItemFactory.create(sku="LAMP", quantity=3)

    assert str(item) == "3 x LAMP"
    assert str(item.order) == f"Order {item.order.pk}"
    assert str(DailyReportFactory.create()) == "2026-01-31"
