from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.orders import confirmation
from apps.orders.confirmation import order_confirm, orders_confirm_due
from apps.orders.models import Order
from apps.orders.services import Line, order_cancel, order_create
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.orders.tests.goods import goods
from apps.users.models import User
from apps.users.services import user_delete, user_update
from apps.users.tests.factories import UserFactory
from tests.concurrency import at_once, at_once_up_to, impatient


@pytest.mark.django_db
def test_the_mail_says_what_was_ordered(user: User) -> None:
    order = OrderFactory.create(customer=user, amount=Decimal("25.50"))
    OrderItemFactory.create(order=order, sku="LAMP", name="Lamp <bright>", quantity=2, unit_price=Decimal("12.75"))

    assert order_confirm(order_id=order.pk)

    written = OutgoingMail.objects.get()
    assert written.recipient == user.email
    assert "2 x Lamp <bright> (LAMP), 12.75 each" in written.text
    assert "25.50" in written.text
    assert str(order.pk) in written.text
    assert "Lamp &lt;bright&gt;" in written.html


@pytest.mark.django_db
def test_an_order_is_confirmed_once() -> None:
    order = OrderFactory.create()

    with zeal_ignore():
        assert [order_confirm(order_id=order.pk) for _ in range(3)] == [True, False, False]

    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_confirm_at_once_one_does() -> None:
    order = OrderFactory.create()

    done = at_once_up_to("mail_outgoingmail", *[lambda: order_confirm(order_id=order.pk)] * 8)

    assert sorted(done, key=str) == [False] * 7 + [True]
    # Committed, and so sent.
    assert [message.to for message in mail.outbox] == [[order.customer.email]]


@pytest.mark.django_db(transaction=True)
def test_whose_order_is_confirmed_can_change_their_account_meanwhile() -> None:
    order = OrderFactory.create()

    def change() -> User:
        with impatient():
            return user_update(user=order.customer, first_name="Ada")

    with transaction.atomic():
        assert order_confirm(order_id=order.pk)
        assert at_once(change) == [order.customer]


@pytest.mark.django_db(transaction=True)
def test_an_order_stands_where_the_mail_that_confirms_it_cannot_be_written() -> None:
    customer, line = UserFactory.create(), Line(product_id=goods(), quantity=1)

    def place() -> Order:
        with impatient():
            return order_create(customer=customer, items=[line])

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE mail_outgoingmail")
        [order] = at_once(place)

    assert Order.objects.get() == order
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert orders_confirm_due() == 1


@pytest.mark.django_db
def test_one_run_confirms_a_limited_number_of_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    OrderFactory.create_batch(3, created_at=timezone.now() - timedelta(minutes=2))
    monkeypatch.setattr(confirmation, "MAX_PER_RUN", 2)

    with zeal_ignore():
        assert [orders_confirm_due(), orders_confirm_due()] == [2, 1]


@pytest.mark.django_db
def test_who_orders_gets_a_mail_once_that_is_committed(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    line = Line(product_id=goods(), quantity=1)

    with zeal_ignore(), django_capture_on_commit_callbacks(execute=True):
        order = order_create(customer=user, items=[line])
        assert mail.outbox == []

    assert [message.to for message in mail.outbox] == [[user.email]]
    order.refresh_from_db()
    assert order.confirmed_at is not None


@pytest.mark.django_db
def test_nobody_is_mailed_about_an_order_that_is_off_or_whose_customer_is_gone(user: User) -> None:
    with zeal_ignore():
        cancelled = OrderFactory.create()
        order_cancel(order=cancelled)
        orphan = OrderFactory.create(customer=user)
        user_delete(user=user)

        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            assert not order_confirm(order_id=cancelled.pk)
            assert not order_confirm(order_id=orphan.pk)
            assert orders_confirm_due() == 0


@pytest.mark.django_db
def test_orders_that_were_forgotten_are_found() -> None:
    forgotten = OrderFactory.create_batch(2, created_at=timezone.now() - timedelta(minutes=2))
    OrderFactory.create(created_at=timezone.now() - timedelta(minutes=2), confirmed_at=timezone.now())
    just_placed = OrderFactory.create(status=Status.PAID)

    with zeal_ignore():
        assert orders_confirm_due() == 2
        assert orders_confirm_due() == 0

    just_placed.refresh_from_db()
    assert just_placed.confirmed_at is None
    assert not Order.objects.filter(pk__in=[order.pk for order in forgotten], confirmed_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_what_one_order_meets_holds_up_no_other() -> None:
    held = OrderFactory.create(created_at=timezone.now() - timedelta(minutes=5))
    free = OrderFactory.create(created_at=timezone.now() - timedelta(minutes=2))

    def confirm() -> int:
        with impatient():
            return orders_confirm_due()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=held.pk)
        assert at_once(confirm) == [1]

    with zeal_ignore():
        assert list(Order.objects.filter(confirmed_at=None)) == [held]
        assert Order.objects.exclude(confirmed_at=None).get() == free
