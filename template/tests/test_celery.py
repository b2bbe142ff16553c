"""Tasks on a real worker, through a real Redis."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from celery import Celery
from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.users.models import User
from apps.users.sessions import session_start
from apps.users.tasks import clear_expired
from config.celery import app, be_patient_with_redis, disable_connection_pool
from config.env import BASE_DIR
from tests.silence import silence
from tests.waiting import wait_until

DEADLINE_SECONDS = 30

needs_redis = pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server"
)


@pytest.fixture
def queue(environment: dict[str, str]) -> Iterator[str]:
    """Return the name of a queue that a worker serves."""
    name = uuid4().hex
    environment = {**environment, "CELERY_BROKER_URL": os.environ["REDIS_URL"]}
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--queues", name]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment, stderr=subprocess.PIPE) as worker:  # noqa: S603 - fixed
        for line in worker.stderr or ():
            if b" ready." in line:
                break
        yield name
        worker.terminate()
        worker.communicate()


@needs_redis
def test_a_task_that_is_sent_is_run(queue: str, user: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        session_start(user=user)

    # Not the app of the tests, which runs tasks where they are sent.
    sender = Celery("sender", broker=os.environ["REDIS_URL"], set_as_current=False)
    sender.send_task(clear_expired.name, queue=queue, ignore_result=True)

    with zeal_ignore():
        wait_until(lambda: not OutstandingToken.objects.exists())


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

    assert result.stdout == "committed\n", result.stderr
    assert "Error calling" in result.stderr
    assert OutgoingMail.objects.count() == 1
    # Once, since somebody waits for the commit.
    assert tries == (1 if state == "hanging" else 0)


def test_every_scheduled_task_exists_and_has_a_time() -> None:
    app.loader.import_default_modules()

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert isinstance(entry["schedule"], crontab)


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
