from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from apps.core.models import generate_id
from apps.orders.models import Order
from apps.orders.selectors import day_figures, order_detail, order_list, order_summary, with_product
from apps.orders.services import order_pay, order_refund
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.users.models import User

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_customer_sees_own_orders_newest_first(user: User) -> None:
    own = OrderFactory.create_batch(2, customer=user)
    OrderFactory.create()

    assert list(order_list(customer=user)) == own[::-1]
    assert list(order_detail(customer=user)) == own[::-1]


def test_list_does_not_read_the_notes(user: User) -> None:
    OrderFactory.create(customer=user, notes="long")

    assert order_list(customer=user).get().get_deferred_fields() >= {"notes", "updated_at"}


def test_orders_and_their_items_are_read_in_two_queries(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for order in OrderFactory.create_batch(3, customer=user):
        OrderItemFactory.create_batch(3, order=order)

    with django_assert_num_queries(2):
        names = [item.name for order in order_detail(customer=user) for item in order.items.all()]

    assert names == ["Lamp"] * 9


def test_orders_are_found_by_product(user: User) -> None:
    found, _other = OrderFactory.create_batch(2, customer=user)
    product_id = generate_id()
    OrderItemFactory.create(order=found, product_id=product_id)

    assert list(with_product(orders=order_list(customer=user), product_id=product_id)) == [found]


def test_summary_without_orders_is_zero(user: User) -> None:
    assert order_summary(customer=user) == {
        "order_count": 0,
        "pending_count": 0,
        "refund_count": 0,
        "paid": "0.00",
        "average": None,
        "tier": "bronze",
        "months": [],
    }


def test_summary_counts_paid_orders_in_the_month_of_their_payment(user: User) -> None:
    def order(status: Status, amount: str, month: int) -> None:
        paid_at = datetime(2026, month, 15, tzinfo=UTC) if status in {Status.PAID, Status.REFUNDED} else None
        placed_at = datetime(2025, 12, 31, tzinfo=UTC)
        OrderFactory.create(customer=user, status=status, amount=Decimal(amount), created_at=placed_at, paid_at=paid_at)

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
    ("paid", "tier"), [("999.99", "bronze"), ("1000", "silver"), ("4999.99", "silver"), ("10000", "platinum")]
)
def test_tier_depends_on_the_paid_amount(user: User, paid: str, tier: str) -> None:
    OrderFactory.create(customer=user, status=Status.PAID, amount=Decimal(paid))

    assert order_summary(customer=user)["tier"] == tier


def test_summary_is_cached_until_an_order_of_the_customer_changes(
    user: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    order = OrderFactory.create(customer=user)
    order_summary(customer=user)
    # `update` does not invalidate the cache.
    Order.objects.filter(pk=order.pk).update(amount=Decimal(7))

    with django_assert_num_queries(0):
        assert order_summary(customer=user)["paid"] == "0.00"
    with django_capture_on_commit_callbacks(execute=True):
        order_pay(order=order)
        assert order_summary(customer=user)["paid"] == "0.00"

    assert order_summary(customer=user)["paid"] == "7.00"


def test_day_is_from_midnight_to_midnight() -> None:
    for time in ("2026-01-30 23:59:59.999999", "2026-01-31 00:00", "2026-01-31 23:59:59.999999", "2026-02-01 00:00"):
        moment = timezone.make_aware(datetime.fromisoformat(time))
        OrderFactory.create(created_at=moment)
        OrderFactory.create(status=Status.PAID, amount=Decimal(10), paid_at=moment)
        OrderFactory.create(status=Status.REFUNDED, amount=Decimal(3), paid_at=moment - DAY, refunded_at=moment)

    # Two paid orders, and one that was paid on this day and refunded on the next.
    assert day_figures(day=date(2026, 1, 31)) == {
        "order_count": 2,
        "revenue": Decimal(23),
        "refunded": Decimal(6),
    }


def test_payment_and_refund_count_on_their_own_days(user: User) -> None:
    figures = []
    with time_machine.travel("2026-01-30 12:00Z") as clock:
        order = OrderFactory.create(customer=user, amount=Decimal(10), created_at=timezone.now())
        for service in (None, order_pay, order_refund):
            if service:
                clock.shift(DAY)
                service(order=order)
            figures.append(list(day_figures(day=timezone.localdate()).values()))

    assert figures == [[1, 0, 0], [0, 10, 0], [0, 0, 10]]
