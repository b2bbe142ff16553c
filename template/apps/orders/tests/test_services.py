from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone
from zeal import zeal_ignore

from apps.core.exceptions import DomainError
from apps.core.ids import generate_id
from apps.orders.exceptions import OrderStateError
from apps.orders.models import Order
from apps.orders.services import Line, order_cancel, order_create, order_pay, order_refund, orders_expire
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.orders.tests.goods import goods, stock_of
from apps.users.models import User

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


def test_what_is_ordered_leaves_the_stock(user: User) -> None:
    lamp = goods(stock=5)

    order_create(customer=user, items=[Line(product_id=lamp, quantity=2)])

    assert stock_of(lamp) == 3


def test_lines_of_one_product_are_one_line(user: User) -> None:
    lamp = goods(stock=5)

    order = order_create(customer=user, items=[Line(product_id=lamp, quantity=2), Line(product_id=lamp, quantity=3)])

    assert [item.quantity for item in order.items.all()] == [5]
    assert stock_of(lamp) == 0


def test_more_than_there_is_cannot_be_ordered_and_nothing_is_left_behind(user: User) -> None:
    lamp, table = goods(stock=5), goods(stock=1)

    with pytest.raises(DomainError):
        order_create(customer=user, items=[Line(product_id=lamp, quantity=1), Line(product_id=table, quantity=2)])

    assert not Order.objects.exists()
    with zeal_ignore():
        assert [stock_of(lamp), stock_of(table)] == [5, 1]


def test_what_is_not_sold_cannot_be_ordered(user: User) -> None:
    with pytest.raises(DomainError):
        order_create(customer=user, items=[Line(product_id=generate_id(), quantity=1)])


@pytest.mark.parametrize("quantities", [[], [0], [1, -1]])
def test_nothing_cannot_be_ordered(user: User, quantities: list[int]) -> None:
    lamp = goods()

    with pytest.raises(ValidationError):
        order_create(customer=user, items=[Line(product_id=lamp, quantity=quantity) for quantity in quantities])

    assert stock_of(lamp) == 100


def placed(user: User, stock: int = 5) -> Order:
    """Return an order of two pieces out of a stock."""
    return order_create(customer=user, items=[Line(product_id=goods(stock=stock), quantity=2)])


def stock_behind(order: Order) -> int:
    """Return what is left of the only thing in an order."""
    return stock_of(order.items.get().product_id)


def test_an_order_that_is_cancelled_gives_its_goods_back(user: User) -> None:
    order = placed(user)

    with zeal_ignore():
        assert order_cancel(order=order).status == Status.CANCELLED
        assert stock_behind(order) == 5


def test_an_order_that_is_paid_keeps_its_goods_until_the_money_goes_back(user: User) -> None:
    order = placed(user)

    with zeal_ignore():
        assert order_pay(order=order).status == Status.PAID
        assert stock_behind(order) == 3
        assert order_refund(order=order).status == Status.REFUNDED
        assert stock_behind(order) == 5


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


def test_what_an_order_is_now_counts_and_not_what_the_caller_saw(user: User) -> None:
    order = placed(user)
    seen_before = Order.objects.get(pk=order.pk)
    with zeal_ignore():
        order_cancel(order=order)

        with pytest.raises(OrderStateError, match="cancelled"):
            order_cancel(order=seen_before)
        assert stock_behind(order) == 5


def test_who_does_not_pay_for_a_week_gives_the_goods_back(user: User) -> None:
    with time_machine.travel(timezone.now()) as clock, zeal_ignore():
        unpaid, paid = placed(user), placed(user)
        order_pay(order=paid)
        clock.shift(timedelta(days=6))
        assert orders_expire() == 0
        clock.shift(timedelta(days=2))
        assert orders_expire() == 1
        assert orders_expire() == 0

        unpaid.refresh_from_db()
        assert unpaid.status == Status.CANCELLED
        assert [stock_behind(unpaid), stock_behind(paid)] == [5, 3]
