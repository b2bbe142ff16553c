from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.mail.services import mail_send
from apps.orders import reports
from apps.orders.models import DailyReport
from apps.orders.reports import daily_report_send
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.users.models import User
from apps.users.roles import Role
from apps.users.services import role_assign
from apps.users.tests.factories import UserFactory
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def managers(db: None) -> list[User]:
    managers = UserFactory.create_batch(2)
    for manager in managers:
        role_assign(user=manager, role=Role.MANAGER)
    return managers


@pytest.mark.django_db
def test_managers_get_yesterdays_figures_once(
    managers: list[User], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    yesterday = datetime(2026, 1, 31, 12, tzinfo=UTC)
    OrderFactory.create_batch(2, created_at=yesterday)
    OrderFactory.create(status=Status.PAID, amount=Decimal("12.50"), paid_at=yesterday)
    OrderFactory.create(
        status=Status.REFUNDED, amount=Decimal("7.00"), paid_at=yesterday - timedelta(days=9), refunded_at=yesterday
    )
    role_assign(user=UserFactory.create(is_active=False), role=Role.MANAGER)
    UserFactory.create(is_staff=True)

    with time_machine.travel("2026-02-01 06:00", tick=False), django_capture_on_commit_callbacks(execute=True):
        assert [daily_report_send(), daily_report_send()] == [True, False]

    report = DailyReport.objects.get()
    assert (report.day, report.order_count) == (date(2026, 1, 31), 2)
    assert (report.revenue, report.refunded) == (Decimal("12.50"), Decimal("7.00"))
    assert sorted(message.to[0] for message in mail.outbox) == sorted(manager.email for manager in managers)
    assert "2026-01-31" in mail.outbox[0].subject
    assert "12.50" in str(mail.outbox[0].body)


@pytest.mark.django_db
@pytest.mark.usefixtures("managers")
def test_failed_report_is_sent_to_nobody_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    recipients: list[str] = []

    def fail_for_the_second(**options: Any) -> None:
        recipients.append(options["recipient"])
        if len(recipients) == 2:
            raise LookupError
        mail_send(**options)

    with django_capture_on_commit_callbacks(execute=True):
        with monkeypatch.context() as patch:
            patch.setattr(reports, "mail_send", fail_for_the_second)
            with pytest.raises(LookupError):
                daily_report_send()
        assert not DailyReport.objects.exists()
        assert daily_report_send()

    assert len(mail.outbox) == 2


@pytest.mark.django_db(transaction=True)
def test_one_of_several_concurrent_calls_sends_the_report() -> None:
    manager = UserFactory.create()
    role_assign(user=manager, role=Role.MANAGER)

    outcomes = run_in_parallel(*[lambda: daily_report_send(day=date(2026, 1, 31))] * 4)

    assert sorted(outcomes, key=str) == [False, False, False, True]
    assert [message.to for message in mail.outbox] == [[manager.email]]
