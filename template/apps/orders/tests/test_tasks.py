from datetime import timedelta

import pytest
import time_machine
from celery.signals import task_retry
from django.core import mail
from django.db import OperationalError, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.orders import tasks
from apps.orders.models import DailyReport, IdempotencyKey, Order
from apps.orders.states import Status
from apps.orders.tests.factories import IdempotencyKeyFactory, OrderFactory
from config.celery import app
from tests.concurrency import at_once, impatient


@pytest.mark.django_db
def test_every_task_bears_to_run_twice() -> None:
    long_ago = timezone.now() - timedelta(days=8)
    unpaid = OrderFactory.create(created_at=long_ago, confirmed_at=long_ago)
    forgotten = OrderFactory.create(created_at=timezone.now() - timedelta(minutes=2))
    IdempotencyKeyFactory.create(created_at=long_ago)

    with zeal_ignore():
        for _ in range(2):
            tasks.order_confirm.delay(order_id=str(forgotten.pk))
            tasks.orders_confirm_due.delay()
            tasks.orders_expire.delay()
            tasks.daily_report_send.delay()
            tasks.idempotency_keys_clear.delay()

    unpaid.refresh_from_db()
    assert unpaid.status == Status.CANCELLED
    assert OutgoingMail.objects.count() == 1
    assert DailyReport.objects.count() == 1
    assert not IdempotencyKey.objects.exists()


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
