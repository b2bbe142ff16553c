import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from typing import Any, NoReturn

import pytest
import time_machine
from celery.signals import task_retry
from django.core import mail
from django.db import OperationalError, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.orders import confirmation, tasks
from apps.orders.models import DailyReport, Order
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.users.tests.factories import UserFactory
from config.celery import app
from config.env import BASE_DIR
from tests.concurrency import at_once, impatient


@pytest.mark.django_db
def test_every_task_bears_to_run_twice() -> None:
    long_ago = timezone.now() - timedelta(days=8)
    unpaid = OrderFactory.create(created_at=long_ago, confirmed_at=long_ago)
    forgotten = OrderFactory.create(created_at=timezone.now() - timedelta(minutes=2))

    with zeal_ignore():
        for _ in range(2):
            tasks.order_confirm.delay(order_id=str(forgotten.pk))
            tasks.orders_confirm_due.delay()
            tasks.orders_expire.delay()
            tasks.daily_report_send.delay()

    unpaid.refresh_from_db()
    assert unpaid.status == Status.CANCELLED
    assert OutgoingMail.objects.count() == 1
    assert DailyReport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_tried_again_five_times() -> None:
    order = OrderFactory.create()
    retries: list[object] = []

    def count(**signal: object) -> None:
        retries.append(signal["reason"])

    def confirm() -> object:
        with impatient():
            return tasks.order_confirm.apply(kwargs={"order_id": str(order.pk)}).result

    task_retry.connect(count)
    try:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=order.pk)
            [outcome] = at_once(confirm)
    finally:
        task_retry.disconnect(count)

    assert isinstance(outcome, OperationalError)
    assert len(retries) == 5
    assert tasks.order_confirm.apply(kwargs={"order_id": str(order.pk)}).successful()
    # Committed, and so sent.
    assert [message.to for message in mail.outbox] == [[order.customer.email]]


# Prints whether the order stands. The goods are its own, since another process may not know ours.
PLACE = """
import django
django.setup()
from apps.orders.services import Line, order_create
from apps.orders.tests.goods import goods
from apps.users.models import User
order = order_create(customer=User.objects.get(), items=[Line(product_id=goods(), quantity=1)])
print(order.pk)
"""


def test_an_order_stands_where_the_broker_is_away(environment: dict[str, str]) -> None:
    UserFactory.create()
    environment["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"

    command = [sys.executable, "-c", PLACE]
    result = subprocess.run(  # noqa: S603 - our own code
        command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == str(Order.objects.get().pk)
    assert "Error calling" in result.stdout
    assert not OutgoingMail.objects.exists()


def test_after_a_failure_a_task_waits_by_chance_and_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: dict[int, set[float]] = defaultdict(set)

    def fail(**_order: object) -> None:
        raise OperationalError

    def note(**retry: Any) -> NoReturn:
        waits[tasks.order_confirm.request.retries].add(retry["countdown"])
        raise retry["exc"]

    monkeypatch.setattr(confirmation, "order_confirm", fail)
    monkeypatch.setattr(tasks.order_confirm, "retry", note)
    for retries in list(range(tasks.order_confirm.max_retries or 0)) * 50:
        tasks.order_confirm.apply(kwargs={"order_id": "1"}, retries=retries)

    assert [max(waits[retries]) <= 2**retries for retries in range(5)] == [True] * 5
    assert len(waits[4]) > 1


def test_what_nobody_asks_for_is_on_the_schedule() -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    due = [tasks.orders_confirm_due, tasks.orders_expire, tasks.daily_report_send]
    assert {task.name for task in due} <= scheduled


def test_what_somebody_waits_for_has_a_queue_of_its_own() -> None:
    def queue(task: str) -> str:
        route: str = app.amqp.router.route({}, task)["queue"].name
        return route

    assert queue(tasks.order_confirm.name) == "critical"
    assert queue(tasks.daily_report_send.name) == "bulk"
    assert queue(tasks.orders_expire.name) == "bulk"
    assert queue("apps.other.tasks.anything") == "default"


@pytest.mark.django_db
def test_a_confirmation_comes_however_late_the_task_is(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    order = OrderFactory.create()

    with time_machine.travel(timezone.now() + timedelta(days=1)), django_capture_on_commit_callbacks():
        tasks.order_confirm.delay(order_id=str(order.pk))

    assert OutgoingMail.objects.count() == 1
