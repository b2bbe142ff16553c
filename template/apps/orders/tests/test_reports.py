from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.mail.services import mail_send
from apps.orders import reports
from apps.orders.models import DailyReport
from apps.orders.reports import daily_report_send
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.users.roles import Role
from apps.users.services import role_assign
from apps.users.tests.factories import UserFactory
from tests.concurrency import at_once


@pytest.mark.django_db
def test_the_managers_are_told_once_what_yesterday_brought() -> None:
    yesterday = datetime(2026, 1, 31, 12, tzinfo=UTC)
    OrderFactory.create_batch(2, created_at=yesterday)
    OrderFactory.create(status=Status.PAID, amount=Decimal("12.50"), paid_at=yesterday)
    OrderFactory.create(
        status=Status.REFUNDED, amount=Decimal("7.00"), paid_at=yesterday - timedelta(days=9), refunded_at=yesterday
    )
    with zeal_ignore():
        managers = UserFactory.create_batch(2)
        for manager in managers:
            role_assign(user=manager, role=Role.MANAGER)
        role_assign(user=UserFactory.create(is_active=False), role=Role.MANAGER)
        UserFactory.create(is_staff=True)

        with time_machine.travel("2026-02-01 06:00", tick=False):
            assert [daily_report_send(), daily_report_send()] == [True, False]

    report = DailyReport.objects.get()
    assert (report.day, report.order_count) == (date(2026, 1, 31), 2)
    assert (report.revenue, report.refunded) == (Decimal("12.50"), Decimal("7.00"))
    mails = list(OutgoingMail.objects.order_by("recipient"))
    assert [written.recipient for written in mails] == sorted(manager.email for manager in managers)
    assert "2026-01-31" in mails[0].subject
    assert "12.50" in mails[0].text


@pytest.mark.django_db
def test_where_one_manager_cannot_be_told_none_is_and_the_day_is_told_another_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with zeal_ignore():
        for manager in UserFactory.create_batch(2):
            role_assign(user=manager, role=Role.MANAGER)

        def fail_for_the_second(**mail: Any) -> None:
            if OutgoingMail.objects.exists():
                raise LookupError
            mail_send(**mail)

        with monkeypatch.context() as patch:
            patch.setattr(reports, "mail_send", fail_for_the_second)
            with pytest.raises(LookupError):
                daily_report_send()
        assert not DailyReport.objects.exists()
        assert not OutgoingMail.objects.exists()

        assert daily_report_send()
    assert OutgoingMail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_report_at_once_one_does() -> None:
    manager = UserFactory.create()
    role_assign(user=manager, role=Role.MANAGER)

    done = at_once(*[lambda: daily_report_send(day=date(2026, 1, 31))] * 4)

    assert sorted(done, key=str) == [False, False, False, True]
    # Committed, and so sent.
    assert [message.to for message in mail.outbox] == [[manager.email]]
