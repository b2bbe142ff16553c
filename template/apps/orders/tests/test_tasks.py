from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.orders import confirmation, tasks
from apps.orders.confirmation import CONFIRM_AFTER
from apps.orders.models import DailyReport
from apps.orders.services import PAYMENT_PERIOD
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from config.celery import app


@pytest.mark.django_db
def test_every_task_is_safe_to_run_twice(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    long_ago = timezone.now() - 2 * PAYMENT_PERIOD
    unpaid = OrderFactory.create(created_at=long_ago, confirmed_at=long_ago)
    unconfirmed = OrderFactory.create(created_at=timezone.now() - 2 * CONFIRM_AFTER)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            tasks.order_confirm_task.delay(order_id=str(unconfirmed.pk))
            tasks.orders_confirm_due_task.delay()
            tasks.orders_expire_task.delay()
            tasks.daily_report_send_task.delay()

    unpaid.refresh_from_db()
    assert unpaid.status == Status.CANCELLED
    assert [message.to for message in mail.outbox] == [[unconfirmed.customer.email]]
    assert DailyReport.objects.count() == 1


def test_database_errors_are_retried_and_other_errors_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[type[Exception]] = []

    def fail(error: type[Exception]) -> Any:
        def confirm(**_order: object) -> None:
            calls.append(error)
            raise error

        return confirm

    for error in (OperationalError, LookupError):
        monkeypatch.setattr(confirmation, "order_confirm", fail(error))
        tasks.order_confirm_task.apply(kwargs={"order_id": "1"})

    assert calls.count(OperationalError) == 1 + int(tasks.order_confirm_task.max_retries or 0)
    assert calls.count(LookupError) == 1


def test_periodic_tasks_are_scheduled() -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    periodic = [tasks.orders_confirm_due_task, tasks.orders_expire_task, tasks.daily_report_send_task]
    assert {task.name for task in periodic} <= scheduled
