from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from zeal import zeal_ignore

from apps.orders import selectors
from apps.orders.exceptions import OrderStateError
from apps.orders.models import Order
from apps.orders.services import Line, order_cancel, order_create, order_pay, order_refund, orders_expire
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.orders.tests.goods import goods
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import at_once, impatient

pytestmark = pytest.mark.django_db


def test_an_order_has_its_goods_at_the_price_of_the_day(user: User) -> None:
    lamp, table = goods(price="10.00"), goods(price="99.99")

    order = order_create(
        customer=user,
        items=[Line(product_id=lamp, quantity=2), Line(product_id=table, quantity=1)],
        notes="Ring twice",
    )

    assert order.customer == user
    assert order.status == Status.PENDING
    assert order.notes == "Ring twice"
    assert order.item_count == 3
    # 2 x 12.00 and 119.99, which is 119.988 rounded.
    assert order.amount == Decimal("143.99")
    items = {item.product_id: (item.quantity, item.unit_price) for item in order.items.all()}
    assert items == {lamp: (2, Decimal("12.00")), table: (1, Decimal("119.99"))}


def test_lines_of_one_product_are_one_line(user: User) -> None:
    lamp = goods()

    order = order_create(customer=user, items=[Line(product_id=lamp, quantity=2), Line(product_id=lamp, quantity=3)])

    assert [item.quantity for item in order.items.all()] == [5]


@pytest.mark.django_db(transaction=True)
def test_whose_account_is_just_being_changed_can_order() -> None:
    user, line = UserFactory.create(), Line(product_id=goods(), quantity=1)

    def place() -> Order:
        with impatient():
            return order_create(customer=user, items=[line])

    with transaction.atomic():
        User.objects.lock_active(user.pk)
        [order] = at_once(place)

    assert Order.objects.get() == order


@pytest.mark.parametrize("quantities", [[], [0], [1, -1]])
def test_nothing_cannot_be_ordered(user: User, quantities: list[int]) -> None:
    lamp = goods()

    with pytest.raises(ValidationError):
        order_create(customer=user, items=[Line(product_id=lamp, quantity=quantity) for quantity in quantities])

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (Status.PENDING, {order_refund}),
        (Status.PAID, {order_pay, order_cancel}),
        (Status.CANCELLED, {order_pay, order_cancel, order_refund}),
        (Status.REFUNDED, {order_pay, order_cancel, order_refund}),
    ],
)
def test_an_order_goes_only_where_its_state_leads(status: Status, refused: set[object]) -> None:
    for service in (order_pay, order_cancel, order_refund):
        order = OrderFactory.create(status=status)
        if service in refused:
            with pytest.raises(OrderStateError), zeal_ignore():
                service(order=order)
        else:
            with zeal_ignore():
                service(order=order)
            order.refresh_from_db()
            assert order.status != status
            assert bool(order.paid_at) is (order.status in {Status.PAID, Status.REFUNDED})
            assert bool(order.refunded_at) is (order.status == Status.REFUNDED)


def test_what_an_order_is_now_counts_and_not_what_the_caller_saw() -> None:
    order = OrderFactory.create()
    seen_before = Order.objects.get(pk=order.pk)
    with zeal_ignore():
        order_cancel(order=order)

        with pytest.raises(OrderStateError, match="cancelled"):
            order_pay(order=seen_before)


def test_what_nobody_pays_for_a_week_is_cancelled() -> None:
    with time_machine.travel(timezone.now()) as clock, zeal_ignore():
        unpaid, paid = OrderFactory.create_batch(2)
        order_pay(order=paid)
        clock.shift(timedelta(days=6))
        assert orders_expire() == 0
        clock.shift(timedelta(days=2))
        assert orders_expire() == 1
        assert orders_expire() == 0

    unpaid.refresh_from_db()
    paid.refresh_from_db()
    assert [unpaid.status, paid.status] == [Status.CANCELLED, Status.PAID]


@pytest.mark.django_db(transaction=True)
def test_what_one_order_meets_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not even where it fills a batch.
    monkeypatch.setattr(selectors, "BATCH", 1)
    held, free = OrderFactory.create_batch(2, created_at=timezone.now() - timedelta(days=8))

    def expire() -> int:
        with impatient():
            return orders_expire()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=held.pk)
        assert at_once(expire) == [1]

    free.refresh_from_db()
    assert free.status == Status.CANCELLED


def test_expiry_stops_at_its_limit_and_continues_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "BATCH", 2)
    long_ago = timezone.now() - timedelta(days=8)
    OrderFactory.create_batch(7, created_at=long_ago)
    with zeal_ignore():
        assert [orders_expire(limit=2), orders_expire(limit=1), orders_expire(), orders_expire()] == [2, 1, 4, 0]


@pytest.mark.django_db(transaction=True)
def test_what_is_paid_in_the_last_moment_is_not_cancelled() -> None:
    """Whoever pays holds the row; the round that cancels waits, and finds it paid."""
    order = OrderFactory.create(created_at=timezone.now() - timedelta(days=8))

    outcomes = at_once(orders_expire, lambda: order_pay(order=order))

    order.refresh_from_db()
    expected = {Status.PAID: 0, Status.CANCELLED: 1}
    assert outcomes[0] == expected[Status(order.status)]
