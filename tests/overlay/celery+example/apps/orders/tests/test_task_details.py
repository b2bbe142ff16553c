"""Orders while the broker is unavailable, and the delays between retries."""

import subprocess
import sys
from collections import defaultdict
from typing import Any, NoReturn

import pytest
from django.db import OperationalError, transaction

from apps.orders import confirmation, tasks
from apps.orders.models import Order
from apps.orders.tests.factories import OrderFactory
from apps.users.tests.factories import UserFactory
from config.celery import app
from config.env import BASE_DIR
from tests.concurrency import run_in_parallel, short_lock_timeout
from tests.environment import environment

# Creates its own product, and prints the id of the order.
PLACE = """
import django
django.setup()
from apps.orders.services import OrderItemInput, order_create
from apps.orders.tests.products import product
from apps.users.models import User
order = order_create(customer=User.objects.get(), items=[OrderItemInput(product_id=product(), quantity=1)])
print(order.pk)
"""


@pytest.mark.django_db(transaction=True)
def test_order_is_kept_while_the_broker_is_unavailable() -> None:
    UserFactory.create()
    variables = {**environment(), "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}

    command = [sys.executable, "-c", PLACE]
    result = subprocess.run(  # noqa: S603 - our own code
        command, cwd=BASE_DIR, env=variables, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    order = Order.objects.get()
    assert str(order.pk) in result.stdout
    assert "Error calling" in result.stderr + result.stdout
    assert order.confirmed_at is None


@pytest.mark.django_db(transaction=True)
def test_task_retries_while_the_order_is_locked() -> None:
    order = OrderFactory.create()

    def confirm() -> object:
        with short_lock_timeout():
            return tasks.order_confirm_task.apply(kwargs={"order_id": str(order.pk)}).result

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        [outcome] = run_in_parallel(confirm)

    assert isinstance(outcome, OperationalError)
    assert tasks.order_confirm_task.apply(kwargs={"order_id": str(order.pk)}).successful()


def test_retries_wait_with_backoff_and_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    delays: dict[int, set[float]] = defaultdict(set)
    task = tasks.order_confirm_task

    def fail(**_order: object) -> None:
        raise OperationalError

    def record(**retry: Any) -> NoReturn:
        delays[task.request.retries].add(retry["countdown"])
        raise retry["exc"]

    monkeypatch.setattr(confirmation, "order_confirm", fail)
    monkeypatch.setattr(task, "retry", record)
    for retries in list(range(task.max_retries or 0)) * 50:
        task.apply(kwargs={"order_id": "1"}, retries=retries)

    assert [max(delays[retries]) <= 2**retries for retries in range(5)] == [True] * 5
    assert len(delays[4]) > 1


def test_confirmations_do_not_wait_behind_batch_jobs() -> None:
    def queue(task: str) -> str:
        name: str = app.amqp.router.route({}, task)["queue"].name
        return name

    assert queue(tasks.order_confirm_task.name) == "critical"
    assert {queue(task.name) for task in (tasks.daily_report_send_task, tasks.orders_expire_task)} == {"bulk"}
