from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.orders import confirmation
from apps.orders.confirmation import CONFIRM_AFTER, order_confirm, orders_confirm_due
from apps.orders.models import Order
from apps.orders.services import OrderItemInput, order_cancel, order_create
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.orders.tests.products import product
from apps.users.models import User
from apps.users.services import user_delete
from tests.concurrency import run_in_parallel, short_lock_timeout

pytestmark = pytest.mark.usefixtures("english")

LONG_AGO = 2 * CONFIRM_AFTER


@pytest.mark.django_db
def test_email_lists_the_items(user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    order = OrderFactory.create(customer=user, amount=Decimal("25.50"))
    OrderItemFactory.create(order=order, sku="LAMP", name="Lamp <bright>", quantity=2, unit_price=Decimal("12.75"))

    with django_capture_on_commit_callbacks(execute=True):
        assert order_confirm(order_id=order.pk)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.to == [user.email]
    for text in ("Lamp <bright>", "LAMP", "12.75", "25.50", str(order.pk)):
        assert text in str(message.body)
    assert "Lamp &lt;bright&gt;" in str(message.alternatives[0][0])


@pytest.mark.django_db(transaction=True)
def test_order_is_confirmed_once_by_concurrent_calls() -> None:
    order = OrderFactory.create()

    outcomes = run_in_parallel(*[lambda: order_confirm(order_id=order.pk)] * 8)

    assert sorted(outcomes, key=str) == [False] * 7 + [True]
    assert [message.to for message in mail.outbox] == [[order.customer.email]]


@pytest.mark.django_db
def test_confirmation_follows_the_commit_of_the_order(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order = order_create(customer=user, items=[OrderItemInput(product_id=product(), quantity=1)])
        assert mail.outbox == []

    assert [message.to for message in mail.outbox] == [[user.email]]
    order.refresh_from_db()
    assert order.confirmed_at is not None


@pytest.mark.django_db
def test_cancelled_orders_and_orders_of_deleted_users_are_not_confirmed(user: User) -> None:
    cancelled = OrderFactory.create()
    order_cancel(order=cancelled)
    of_deleted_user = OrderFactory.create(customer=user)
    user_delete(user=user)

    with time_machine.travel(timezone.now() + LONG_AGO):
        assert not order_confirm(order_id=cancelled.pk)
        assert not order_confirm(order_id=of_deleted_user.pk)
        assert orders_confirm_due() == 0


@pytest.mark.django_db
def test_unconfirmed_orders_are_confirmed_later() -> None:
    OrderFactory.create_batch(2, created_at=timezone.now() - LONG_AGO)
    OrderFactory.create(created_at=timezone.now() - LONG_AGO, confirmed_at=timezone.now())
    new = OrderFactory.create(status=Status.PAID)

    assert [orders_confirm_due(), orders_confirm_due()] == [2, 0]

    assert Order.objects.get(confirmed_at=None) == new


@pytest.mark.django_db
def test_run_confirms_a_limited_number_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "MAX_PER_RUN", 2)
    orders = [OrderFactory.create(created_at=timezone.now() - LONG_AGO * age) for age in (1, 3, 2)]

    assert orders_confirm_due() == 2

    assert Order.objects.get(confirmed_at=None) == orders[0]


@pytest.mark.django_db(transaction=True)
def test_locked_order_does_not_stop_the_others_from_being_confirmed() -> None:
    locked = OrderFactory.create(created_at=timezone.now() - 2 * LONG_AGO)
    OrderFactory.create(created_at=timezone.now() - LONG_AGO)

    def confirm() -> int:
        with short_lock_timeout():
            return orders_confirm_due()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=locked.pk)
        assert run_in_parallel(confirm) == [1]

    assert Order.objects.get(confirmed_at=None) == locked
