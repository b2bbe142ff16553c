"""Many who order at once: what is sold was there, and nobody waits for ever."""

import signal
import subprocess
import sys
from itertools import permutations
from uuid import UUID

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.catalog.exceptions import InsufficientStockError
from apps.core.ids import generate_id
from apps.orders.exceptions import OrderStateError
from apps.orders.models import Order, OrderItem
from apps.orders.services import Line, order_cancel, order_create, order_pay, order_refund
from apps.orders.tests.goods import goods, stock_of
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from config.env import BASE_DIR
from tests.concurrency import at_once, at_once_up_to
from tests.waiting import wait_until

at_once_in_the_database = pytest.mark.django_db(transaction=True)

ORDERS, UNITS = 64, 25


@pytest.mark.django_db
def test_what_is_ordered_leaves_the_stock_and_comes_back_when_that_is_called_off(user: User) -> None:
    lamp = goods(stock=5)

    with zeal_ignore():
        order = order_create(customer=user, items=[Line(product_id=lamp, quantity=2)])
        assert stock_of(lamp) == 3
        order_cancel(order=order)
        assert stock_of(lamp) == 5
        with pytest.raises(OrderStateError):
            order_cancel(order=order)
        assert stock_of(lamp) == 5


@pytest.mark.django_db
def test_what_is_paid_comes_back_with_the_money(user: User) -> None:
    lamp = goods(stock=5)

    with zeal_ignore():
        order = order_create(customer=user, items=[Line(product_id=lamp, quantity=2)])
        order_pay(order=order)
        assert stock_of(lamp) == 3
        order_refund(order=order)
        assert stock_of(lamp) == 5


@pytest.mark.django_db
def test_more_than_there_is_is_a_conflict_and_nothing_is_left_behind(signed_in: APIClient) -> None:
    lamp, table = goods(stock=5), goods(stock=1)
    items = [{"product_id": str(lamp), "quantity": 1}, {"product_id": str(table), "quantity": 2}]

    answer = signed_in.post("/api/v1/orders/", {"items": items})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:problem:insufficient-stock"
    assert not Order.objects.exists()
    with zeal_ignore():
        assert [stock_of(lamp), stock_of(table)] == [5, 1]


@pytest.mark.django_db
def test_what_is_not_sold_is_a_bad_request(signed_in: APIClient) -> None:
    answer = signed_in.post("/api/v1/orders/", {"items": [{"product_id": str(generate_id()), "quantity": 1}]})

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:problem:product-unavailable"


@at_once_in_the_database
def test_of_64_who_want_25_units_at_once_25_get_one() -> None:
    customer, lamp = UserFactory.create(), goods(stock=UNITS)

    outcomes = at_once(*[lambda: order_create(customer=customer, items=[Line(product_id=lamp, quantity=1)])] * ORDERS)

    refused = [outcome for outcome in outcomes if isinstance(outcome, InsufficientStockError)]
    assert len(refused) == ORDERS - UNITS
    assert sum(isinstance(outcome, Order) for outcome in outcomes) == UNITS
    assert Order.objects.count() == OrderItem.objects.count() == UNITS
    assert stock_of(lamp) == 0


@at_once_in_the_database
def test_whoever_names_several_in_whatever_order_waits_for_nobody_for_ever() -> None:
    customer, products = UserFactory.create(), [goods(stock=UNITS) for _ in range(3)]
    orders = list(permutations(products)) * 11

    def order(wanted: tuple[UUID, ...]) -> Order:
        return order_create(customer=customer, items=[Line(product_id=pk, quantity=1) for pk in wanted])

    # A deadlock, or a lock that is waited for too long, would be raised here.
    outcomes = at_once(*[lambda wanted=wanted: order(wanted) for wanted in orders[:ORDERS]])

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == UNITS
    with zeal_ignore():
        assert [stock_of(product) for product in products] == [0, 0, 0]


@at_once_in_the_database
def test_who_cancels_and_who_orders_at_once_leave_the_right_stock() -> None:
    customer, products = UserFactory.create(), [goods(stock=20) for _ in range(2)]
    lines = [Line(product_id=pk, quantity=1) for pk in products]
    placed = [order_create(customer=customer, items=lines) for _ in range(10)]

    at_once(
        *[lambda order=order: order_cancel(order=order) for order in placed],
        *[lambda: order_create(customer=customer, items=lines[::-1])] * 10,
    )

    with zeal_ignore():
        assert [stock_of(product) for product in products] == [10, 10]


@at_once_in_the_database
def test_of_eight_who_cancel_an_order_at_once_one_gets_its_goods_back() -> None:
    customer, lamp = UserFactory.create(), goods(stock=5)
    order = order_create(customer=customer, items=[Line(product_id=lamp, quantity=2)])

    outcomes = at_once_up_to("catalog_product", *[lambda: order_cancel(order=order)] * 8)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, OrderStateError) for outcome in outcomes) == 7
    assert stock_of(lamp) == 5


# Stops in the middle: the order is written and its goods are taken, its items wait for a table that is locked.
PLACE = """
import django, sys
django.setup()
from apps.orders.services import Line, order_create
from apps.users.models import User
from uuid import UUID
order_create(customer=User.objects.get(), items=[Line(product_id=UUID(sys.argv[1]), quantity=2)])
"""


@at_once_in_the_database
def test_who_is_killed_in_the_middle_leaves_no_half_order(environment: dict[str, str]) -> None:
    customer, lamp = UserFactory.create(), goods(stock=5)
    command = [sys.executable, "-c", PLACE, str(lamp)]

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_orderitem")
        with subprocess.Popen(command, cwd=BASE_DIR, env=environment) as process:  # noqa: S603 - our own code
            wait_until(writes_items)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL

    assert not Order.objects.exists()
    assert stock_of(lamp) == 5
    # And nobody is held up by what it left.
    assert isinstance(
        at_once(lambda: order_create(customer=User.objects.get(), items=[Line(product_id=lamp, quantity=5)]))[0], Order
    )
    assert customer.orders.count() == 1


def writes_items() -> bool:
    """Say whether somebody waits to write the items of an order."""
    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL remembers what it has said before.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            "AND query LIKE 'INSERT INTO \"orders_orderitem\"%'"
        )
        return cursor.fetchone() is not None
