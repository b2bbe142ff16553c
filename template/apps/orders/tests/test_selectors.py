from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.core.ids import generate_id
from apps.orders import selectors
from apps.orders.models import Order
from apps.orders.selectors import day_figures, oldest_first, order_detail, order_list, order_summary, with_product
from apps.orders.services import order_cancel, order_pay, order_refund
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.users.models import User

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_a_customer_sees_their_own_orders_newest_first(user: User) -> None:
    own = [OrderFactory.create(customer=user) for _ in range(2)]
    OrderFactory.create()

    assert list(order_list(customer=user)) == own[::-1]
    assert list(order_detail(customer=user)) == own[::-1]


def test_a_list_does_not_read_the_notes(user: User) -> None:
    OrderFactory.create(customer=user, notes="long")

    assert order_list(customer=user).get().get_deferred_fields() >= {"notes", "updated_at"}


def test_orders_bring_their_items_in_two_queries(user: User) -> None:
    for _ in range(3):
        order = OrderFactory.create(customer=user)
        OrderItemFactory.create_batch(3, order=order)

    with CaptureQueriesContext(connection) as queries:
        names = [item.name for order in order_detail(customer=user) for item in order.items.all()]

    assert names == ["Lamp"] * 9
    assert len(queries) == 2


def test_orders_are_found_by_what_is_in_them(user: User) -> None:
    found, _other = OrderFactory.create_batch(2, customer=user)
    lamp = generate_id()
    OrderItemFactory.create(order=found, product_id=lamp)

    assert list(with_product(orders=order_list(customer=user), product_id=lamp)) == [found]


def test_each_order_comes_once_the_oldest_first_whatever_becomes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "BATCH", 2)
    now = timezone.now()
    # Some of one moment, and more of them than a batch has.
    placed = [OrderFactory.create(created_at=now - DAY * age) for age in (1, 2, 2, 2, 2, 2, 3)]
    expected = [placed[-1], *placed[1:-1], placed[0]]

    found = []
    for order in oldest_first(Order.objects.filter(status=Status.PENDING)):
        found.append(order)
        Order.objects.filter(pk=order.pk).update(status=Status.PAID)

    assert found == expected
    assert list(oldest_first(Order.objects.all())) == expected
    assert list(oldest_first(Order.objects.none())) == []


def test_a_summary_of_nothing_is_zeros(user: User) -> None:
    assert order_summary(customer=user) == {
        "order_count": 0,
        "pending_count": 0,
        "refund_count": 0,
        "paid": "0.00",
        "average": None,
        "tier": "bronze",
        "months": [],
    }


def test_a_summary_counts_what_was_paid(user: User) -> None:
    def order(status: Status, amount: str, month: int) -> None:
        # What was ordered last year counts when it is paid.
        placed, moved = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, month, 15, tzinfo=UTC)
        paid = moved if status in {Status.PAID, Status.REFUNDED} else None
        OrderFactory.create(customer=user, status=status, amount=Decimal(amount), created_at=placed, paid_at=paid)

    order(Status.PAID, "10.00", 1)
    order(Status.PAID, "20.02", 1)
    order(Status.PAID, "5.00", 3)
    order(Status.PENDING, "100.00", 3)
    order(Status.REFUNDED, "100.00", 3)
    order(Status.CANCELLED, "100.00", 3)
    OrderFactory.create(status=Status.PAID, amount=Decimal(9999))

    assert order_summary(customer=user) == {
        "order_count": 6,
        "pending_count": 1,
        "refund_count": 1,
        "paid": "35.02",
        "average": "11.67",
        "tier": "bronze",
        "months": [
            {"month": "2026-01", "revenue": "30.02", "order_count": 2, "average": "15.01"},
            {"month": "2026-03", "revenue": "5.00", "order_count": 1, "average": "5.00"},
        ],
    }


@pytest.mark.parametrize(
    ("paid", "tier"),
    [("999.99", "bronze"), ("1000", "silver"), ("4999.99", "silver"), ("5000", "gold"), ("10000", "platinum")],
)
def test_what_was_paid_makes_the_tier(user: User, paid: str, tier: str) -> None:
    OrderFactory.create(customer=user, status=Status.PAID, amount=Decimal(paid))

    assert order_summary(customer=user)["tier"] == tier


def test_a_summary_is_kept_until_an_order_of_the_customer_changes(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    order = OrderFactory.create(customer=user)
    assert order_summary(customer=user)["paid"] == "0.00"

    # Written past the services, so nobody has told the cache.
    Order.objects.filter(pk=order.pk).update(amount=Decimal(7))
    with CaptureQueriesContext(connection) as queries:
        assert order_summary(customer=user)["paid"] == "0.00"
    assert len(queries) == 0

    with django_capture_on_commit_callbacks(execute=True), zeal_ignore():
        order_pay(order=order)
    assert order_summary(customer=user)["paid"] == "7.00"


def test_a_change_that_is_rolled_back_is_not_told_to_the_cache(user: User) -> None:
    order = OrderFactory.create(customer=user)
    order_summary(customer=user)

    with zeal_ignore():
        order_cancel(order=order)
    # Not committed: the test is one transaction.
    assert order_summary(customer=user)["pending_count"] == 1


def test_a_day_is_from_midnight_to_midnight() -> None:
    for time in ("2026-01-30 23:59:59.999999", "2026-01-31 00:00", "2026-01-31 23:59:59.999999", "2026-02-01 00:00"):
        moment = timezone.make_aware(datetime.fromisoformat(time))
        OrderFactory.create(created_at=moment)
        OrderFactory.create(status=Status.PAID, amount=Decimal(10), paid_at=moment)
        OrderFactory.create(status=Status.REFUNDED, amount=Decimal(3), paid_at=moment - DAY, refunded_at=moment)

    # Two that stayed paid, and one that was refunded on the day after.
    assert day_figures(day=date(2026, 1, 31)) == {
        "order_count": 2,
        "revenue": Decimal(23),
        "refunded": Decimal(6),
    }


def test_an_order_counts_on_the_day_it_was_paid_and_on_that_of_its_refund(user: User) -> None:
    figures = []
    with time_machine.travel("2026-01-30 12:00Z") as clock, zeal_ignore():
        order = OrderFactory.create(customer=user, amount=Decimal(10), created_at=timezone.now())
        for service in (None, order_pay, order_refund):
            if service:
                clock.shift(DAY)
                service(order=order)
            figures.append(list(day_figures(day=timezone.localdate()).values()))

    assert figures == [[1, 0, 0], [0, 10, 0], [0, 0, 10]]


def test_a_day_without_orders_is_a_day() -> None:
    with time_machine.travel("2026-01-31"):
        assert day_figures(day=date(2026, 1, 30)) == {
            "order_count": 0,
            "revenue": Decimal(0),
            "refunded": Decimal(0),
        }
