"""Tasks on a real worker, through a real Redis."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from celery import Celery
from celery.beat import Service
from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.users.models import User, UserSession
from apps.users.sessions import session_start
from apps.users.tasks import clear_expired
from config.celery import app, be_patient_with_redis, disable_connection_pool
from config.env import BASE_DIR
from tests.silence import silence
from tests.tasks import fail, tell
from tests.waiting import wait_until
from tests.workers import worker

DEADLINE_SECONDS = 30

needs_redis = pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server"
)


@pytest.fixture
def broker(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables of a process that works on the database of the tests, and has a broker."""
    return {**environment, "CELERY_BROKER_URL": os.environ["REDIS_URL"]}


def send(name: str, *arguments: object, queue: str, broker: str) -> None:
    """Send a task. Not by the app of the tests, which runs tasks where they are sent."""
    sender = Celery("sender", broker=broker, set_as_current=False)
    sender.send_task(name, arguments, queue=queue, ignore_result=True)


@needs_redis
def test_a_task_that_is_sent_is_run(broker: dict[str, str], user: User, tmp_path: Path) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        session_start(user=user)
    queue = uuid4().hex

    with worker(queue, environment=broker, folder=tmp_path):
        send(clear_expired.name, queue=queue, broker=os.environ["REDIS_URL"])

        with zeal_ignore():
            wait_until(lambda: not UserSession.objects.exists())


# A signed-in user calls a view, which sends a task.
REQUEST = """
import os
import django
from django.conf import settings
django.setup()
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView
from config import urls
from tests.tasks import tell

class View(APIView):
    def post(self, request):
        tell.apply_async(queue=os.environ["QUEUE"])
        return Response()

urls.urlpatterns.insert(0, path("send/", View.as_view()))
headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "X-Request-ID": "abc-123"}
print(Client(headers=headers).post("/send/").status_code)
"""


@needs_redis
def test_the_log_of_a_task_names_it_and_the_request_and_the_user_that_it_is_for(
    broker: dict[str, str], user: User, tmp_path: Path
) -> None:
    queue = uuid4().hex
    token = session_start(user=user)["access"]

    with worker(queue, environment=broker, folder=tmp_path) as running:
        result = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", REQUEST],
            cwd=BASE_DIR,
            env={**broker, "QUEUE": queue, "TOKEN": token},
            capture_output=True,
            text=True,
            check=True,
        )
        *log, status = result.stdout.splitlines()
        assert status == "200"
        wait_until(lambda: bool(running.lines(event="task_succeeded")))

    ids = {"request_id": "abc-123", "user_id": str(user.pk)}
    [sent] = [line for line in map(json.loads, log) if line["event"] == "task_enqueued"]
    assert ids.items() <= sent.items()
    for event in ("task_started", "told", "task_succeeded"):
        assert running.lines(event=event, task_id=sent["child_task_id"], **ids)


@needs_redis
def test_the_queries_of_each_task_are_counted_by_themselves(broker: dict[str, str], tmp_path: Path) -> None:
    queue = uuid4().hex

    with worker(queue, environment=broker, folder=tmp_path) as running:
        for _ in range(2):
            send(tell.name, queue=queue, broker=os.environ["REDIS_URL"])
        wait_until(lambda: len(running.lines(event="task_succeeded")) == 2)

    assert [line["queries"] for line in running.lines(event="told")] == [2, 2]
    assert [line["queries"] for line in running.lines(event="task_succeeded")] == [2, 2]


@needs_redis
def test_an_error_in_a_task_is_logged_with_its_traceback(broker: dict[str, str], tmp_path: Path) -> None:
    queue = uuid4().hex

    with worker(queue, environment=broker, folder=tmp_path) as running:
        send(fail.name, queue=queue, broker=os.environ["REDIS_URL"])
        wait_until(lambda: bool(running.lines(event="task_failed")))

    [line] = running.lines(event="task_failed")
    assert line["level"] == "error"
    assert "RuntimeError: a bug in a task" in line["exception"]
    assert line["queries"] == 0
    assert line["task_id"]


SEND = """
import django
django.setup()
from django.db import transaction
from apps.mail.services import mail_send
with transaction.atomic():
    mail_send(recipient="ada@example.com", template="no_account", context={})
print("committed")
"""


@pytest.mark.parametrize("state", ["gone", "hanging"])
def test_a_broker_that_is_away_neither_holds_nor_loses_what_was_committed(
    state: str, environment: dict[str, str]
) -> None:
    with silence() as server:
        broker = server.url if state == "hanging" else "redis://127.0.0.1:1/0"
        result = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", SEND],
            cwd=BASE_DIR,
            env={**environment, "CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS / 2,
        )
        tries = server.callers()

    assert result.stdout.splitlines()[-1] == "committed", result.stderr
    assert "Error calling" in result.stdout
    assert OutgoingMail.objects.count() == 1
    # Once, since somebody waits for the commit.
    assert tries == (1 if state == "hanging" else 0)


def test_every_scheduled_task_exists_and_has_a_time() -> None:
    app.loader.import_default_modules()

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert isinstance(entry["schedule"], crontab)
        # Beat does not make up for what it missed. The library publishes no type of this.
        schedule: Any = entry["schedule"]
        assert len(schedule.hour) > 1


def test_beat_that_is_started_again_sends_nothing_at_once_and_what_was_missed_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("celery.beat.Scheduler.apply_entry", lambda _self, entry, **_: sent.append(entry.task))
    monkeypatch.chdir(tmp_path)

    def tick() -> None:
        # One task at a time; then how long there is none.
        while not scheduler.tick():
            continue

    with time_machine.travel(datetime(2026, 1, 1, 3, 10, 30, tzinfo=UTC), tick=False) as clock:
        scheduler = Service(app, scheduler_cls=app.conf.beat_scheduler).get_scheduler()
        tick()
        assert sent == []

        clock.move_to(datetime(2026, 1, 1, 4, 0, 1, tzinfo=UTC))
        tick()
    assert clear_expired.name in sent
    # Nor is there a file that somebody else could have written.
    assert list(tmp_path.iterdir()) == []


def test_a_worker_has_no_pool_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "pool", {"max_size": 2})

    disable_connection_pool()

    assert "pool" not in settings.DATABASES["default"]["OPTIONS"]


def test_a_worker_waits_longer_for_redis_than_who_sends_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    sender = options["socket_timeout"]
    monkeypatch.setitem(options, "socket_timeout", sender)

    be_patient_with_redis()

    # Longer than the second that it listens for, or it would be cut off while nothing comes.
    assert app.conf.broker_transport_options["socket_timeout"] > 1 > sender
