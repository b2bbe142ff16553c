from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from apps.orders.exceptions import OrderStateError
from apps.orders.models import Order
from apps.orders.services import (
    PAYMENT_PERIOD,
    OrderItemInput,
    order_cancel,
    order_create,
    order_pay,
    order_refund,
    orders_expire,
)
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.orders.tests.products import product
from apps.users.models import User
from tests.concurrency import run_in_parallel, short_lock_timeout

pytestmark = pytest.mark.django_db


def test_order_has_the_current_prices_of_its_products(user: User) -> None:
    lamp, table = product(price="10.00"), product(price="99.99")

    order = order_create(
        customer=user,
        items=[OrderItemInput(product_id=lamp, quantity=2), OrderItemInput(product_id=table, quantity=1)],
        notes="Ring twice",
    )

    assert (order.customer, order.status, order.notes) == (user, Status.PENDING, "Ring twice")
    assert order.item_count == 3
    # 2 x 12.00 + 119.99, which is 119.988 rounded.
    assert order.amount == Decimal("143.99")
    items = {item.product_id: (item.quantity, item.unit_price) for item in order.items.all()}
    assert items == {lamp: (2, Decimal("12.00")), table: (1, Decimal("119.99"))}


def test_quantities_of_one_product_are_added_up(user: User) -> None:
    lamp = product()

    order = order_create(
        customer=user, items=[OrderItemInput(product_id=lamp, quantity=quantity) for quantity in (2, 3)]
    )

    assert [item.quantity for item in order.items.all()] == [5]


@pytest.mark.parametrize("quantities", [[], [0], [1, -1]])
def test_order_without_items_is_refused(user: User, quantities: list[int]) -> None:
    lamp = product()

    with pytest.raises(ValidationError):
        order_create(
            customer=user, items=[OrderItemInput(product_id=lamp, quantity=quantity) for quantity in quantities]
        )

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
def test_status_changes_only_by_an_allowed_transition(status: Status, refused: set[object]) -> None:
    for service in (order_pay, order_cancel, order_refund):
        order = OrderFactory.create(status=status)
        if service in refused:
            with pytest.raises(OrderStateError):
                service(order=order)
        else:
            service(order=order)
            order.refresh_from_db()
            assert order.status != status
            assert bool(order.paid_at) is (order.status in {Status.PAID, Status.REFUNDED})
            assert bool(order.refunded_at) is (order.status == Status.REFUNDED)


def test_transition_is_checked_against_the_current_status() -> None:
    order = OrderFactory.create()
    stale = Order.objects.get(pk=order.pk)
    order_cancel(order=order)

    with pytest.raises(OrderStateError, match="cancelled"):
        order_pay(order=stale)


def test_order_unpaid_for_too_long_is_cancelled() -> None:
    with time_machine.travel(timezone.now()) as clock:
        unpaid, paid = OrderFactory.create_batch(2)
        order_pay(order=paid)
        clock.shift(PAYMENT_PERIOD - timedelta(hours=1))
        assert orders_expire() == 0
        clock.shift(timedelta(hours=2))
        assert [orders_expire(), orders_expire()] == [1, 0]

    unpaid.refresh_from_db()
    paid.refresh_from_db()
    assert [unpaid.status, paid.status] == [Status.CANCELLED, Status.PAID]


@pytest.mark.django_db(transaction=True)
def test_locked_order_does_not_stop_the_others_from_expiring() -> None:
    locked, free = OrderFactory.create_batch(2, created_at=timezone.now() - 2 * PAYMENT_PERIOD)

    def expire() -> int:
        with short_lock_timeout():
            return orders_expire()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=locked.pk)
        assert run_in_parallel(expire) == [1]

    free.refresh_from_db()
    assert free.status == Status.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_concurrent_payment_and_expiry_agree_on_the_status() -> None:
    order = OrderFactory.create(created_at=timezone.now() - 2 * PAYMENT_PERIOD)

    outcomes = run_in_parallel(orders_expire, lambda: order_pay(order=order))

    order.refresh_from_db()
    expected = {Status.PAID: 0, Status.CANCELLED: 1}
    assert outcomes[0] == expected[Status(order.status)]
