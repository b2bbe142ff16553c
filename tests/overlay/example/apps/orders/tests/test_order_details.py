"""Locks that orders do not take, failures after the commit, and the admin."""

import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.orders.confirmation import order_confirm, orders_confirm_due
from apps.orders.management.commands import seed_demo
from apps.orders.models import Order
from apps.orders.services import PAYMENT_PERIOD, OrderItemInput, order_create
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.orders.tests.products import product, stock_of
from apps.orders.tests.test_commands import run
from apps.users.models import User
from apps.users.services import user_update
from apps.users.tests.factories import UserFactory
from config.env import BASE_DIR
from tests.blocking import count_waiting, run_blocked
from tests.concurrency import run_in_parallel, short_lock_timeout, wait_until
from tests.environment import environment

concurrent = pytest.mark.django_db(transaction=True)


@concurrent
def test_customer_whose_account_is_locked_can_order() -> None:
    user, item = UserFactory.create(), OrderItemInput(product_id=product(), quantity=1)

    def place() -> Order:
        with short_lock_timeout():
            return order_create(customer=user, items=[item])

    with transaction.atomic():
        User.objects.lock_active(user.pk)
        [order] = run_in_parallel(place)

    assert Order.objects.get() == order


@concurrent
def test_confirmation_does_not_lock_the_customer() -> None:
    order = OrderFactory.create()

    def change() -> User:
        with short_lock_timeout():
            return user_update(user=order.customer, first_name="Ada")

    with transaction.atomic():
        assert order_confirm(order_id=order.pk)
        assert run_in_parallel(change) == [order.customer]


@concurrent
def test_waiting_confirmation_reads_the_current_order() -> None:
    order = OrderFactory.create()

    def confirm() -> bool:
        return order_confirm(order_id=order.pk)

    assert run_blocked(confirm, lock=confirm) is False


@concurrent
def test_order_is_kept_if_its_confirmation_cannot_be_written() -> None:
    customer, item = UserFactory.create(), OrderItemInput(product_id=product(), quantity=1)

    def place() -> Order:
        with short_lock_timeout():
            return order_create(customer=customer, items=[item])

    with transaction.atomic(), connection.cursor() as cursor:
        [table] = [name for name in connection.introspection.table_names(cursor) if name.startswith("mail_")]
        cursor.execute(f"LOCK TABLE {table}")
        [order] = run_in_parallel(place)

    assert Order.objects.get() == order
    Order.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert orders_confirm_due() == 1


@concurrent
def test_locked_order_is_503_and_can_be_cancelled_later() -> None:
    order = OrderFactory.create()

    def cancel() -> int:
        client = APIClient()
        client.force_authenticate(order.customer)
        with short_lock_timeout():
            return client.post(f"/api/v1/orders/{order.pk}/cancel/").status_code

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        assert run_in_parallel(cancel) == [503]

    assert run_in_parallel(cancel) == [200]


# Waits for a lock after the order is written and the stock is reserved.
PLACE = """
import django, sys
django.setup()
from apps.orders.services import PAYMENT_PERIOD, OrderItemInput, order_create
from apps.users.models import User
from uuid import UUID
order_create(customer=User.objects.get(), items=[OrderItemInput(product_id=UUID(sys.argv[1]), quantity=2)])
"""


@concurrent
def test_killed_process_leaves_no_partial_order() -> None:
    customer, product_id = UserFactory.create(), product(stock=5)
    command = [sys.executable, "-c", PLACE, str(product_id)]

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_orderitem")
        with subprocess.Popen(command, cwd=BASE_DIR, env=environment()) as process:  # noqa: S603 - our own code
            wait_until(lambda: count_waiting() == 1)
            process.kill()
            assert process.wait() == -signal.SIGKILL

    assert not Order.objects.exists()
    assert stock_of(product_id) == 5
    items = [OrderItemInput(product_id=product_id, quantity=5)]
    [order] = run_in_parallel(lambda: order_create(customer=customer, items=items))
    assert isinstance(order, Order)


def test_browser_may_send_an_idempotency_key(settings: Settings, client: Client) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
    headers = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }

    response = client.options("/api/v1/orders/", headers=headers)

    allowed = {name.strip() for name in response["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= allowed


@pytest.mark.django_db
def test_interrupted_seed_is_repeated(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True

    def interrupt(**_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed_demo, "orders_seed", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run("seed_demo", "--once")

    assert run("seed_demo", "--once")[0] == "Demo data: 30 products, 5 users, 200 orders"
    # The demo user is added.
    assert User.objects.count() == 6


@pytest.mark.django_db
def test_admin_list_takes_the_same_queries_for_any_number_of_orders(admin_client: Client) -> None:
    counts = []
    with zeal_ignore():
        for rows in (1, 9):
            OrderFactory.create_batch(rows)
            with CaptureQueriesContext(connection) as queries:
                assert admin_client.get(reverse("admin:orders_order_changelist")).status_code == 200
            counts.append(len(queries))

    assert counts[0] == counts[1]


def test_orders_may_be_paid_for_a_week() -> None:
    assert timedelta(days=7) == PAYMENT_PERIOD


@pytest.mark.django_db
def test_email_lists_the_items_in_these_words(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    order = OrderFactory.create(customer=user)
    OrderItemFactory.create(order=order, sku="LAMP", name="Lamp <bright>", quantity=2, unit_price=Decimal("12.75"))

    with django_capture_on_commit_callbacks(execute=True):
        assert order_confirm(order_id=order.pk)

    assert "2 x Lamp <bright> (LAMP), 12.75 each" in str(mail.outbox[0].body)
