"""What the project configures in Celery."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery import Celery
from celery.beat import Service
from celery.schedules import crontab
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.mail.models import OutboxEmail
from apps.mail.services import mail_send
from apps.mail.tasks import mail_deliver_task
from apps.users.tasks import clear_expired_task
from config.celery import app, configure_worker
from tests.silence import silence


@pytest.mark.parametrize("state", ["refuses connections", "does not respond"])
def test_publishing_without_a_broker_fails_after_one_short_attempt(state: str) -> None:
    sender = Celery("sender", set_as_current=False)
    sender.config_from_object("django.conf:settings", namespace="CELERY")
    with silence() as server:
        broker = server.url if state == "does not respond" else "redis://127.0.0.1:1/0"
        sender.conf.update(broker_url=broker, task_always_eager=False)
        started = time.monotonic()

        with pytest.raises(OperationalError):
            sender.send_task("anything")

        assert time.monotonic() - started < 2
        assert server.callers() == (1 if state == "does not respond" else 0)


@pytest.mark.django_db(transaction=True)
def test_email_stays_in_the_outbox_when_its_task_is_not_published(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_arguments: object) -> None:
        raise OperationalError

    monkeypatch.setattr(mail_deliver_task, "delay", fail)

    with transaction.atomic():
        mail_send(recipient="ada@example.com", template="no_account", context={})

    assert "Error calling" in caplog.text
    assert OutboxEmail.objects.get().attempts == 0


def test_each_scheduled_task_runs_more_than_once_a_day() -> None:
    # Beat does not repeat the runs that it missed.
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert isinstance(entry["schedule"], crontab)
        # celery-types does not declare this attribute.
        schedule: Any = entry["schedule"]
        assert len(schedule.hour) > 1


def test_restarted_beat_sends_the_next_run_and_writes_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sent: list[str] = []
    monkeypatch.setattr("celery.beat.Scheduler.apply_entry", lambda _self, entry, **_: sent.append(entry.task))
    monkeypatch.chdir(tmp_path)

    def tick() -> None:
        # One task at a time, and then the time until the next.
        while not scheduler.tick():
            continue

    with time_machine.travel(datetime(2026, 1, 1, 3, 10, 30, tzinfo=UTC), tick=False) as clock:
        scheduler = Service(app, scheduler_cls=app.conf.beat_scheduler).get_scheduler()
        tick()
        assert sent == []

        clock.move_to(datetime(2026, 1, 1, 4, 0, 1, tzinfo=UTC))
        tick()
    assert clear_expired_task.name in sent
    # A schedule file is a pickle, which runs code of any user who can write it.
    assert list(tmp_path.iterdir()) == []


def test_worker_uses_plain_connections_and_gives_redis_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    publisher = options["socket_timeout"]
    monkeypatch.setitem(options, "socket_timeout", publisher)
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "pool", {"max_size": 2})

    configure_worker()

    assert "pool" not in settings.DATABASES["default"]["OPTIONS"]
    # A worker waits one second for a message.
    assert app.conf.broker_transport_options["socket_timeout"] > 1 > publisher


def test_worker_concurrency_is_limited_on_large_hosts() -> None:
    assert 1 <= app.conf.worker_concurrency <= 8
