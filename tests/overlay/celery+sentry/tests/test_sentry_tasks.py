"""Error reports of a task that fails in a worker."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from structlog.contextvars import bound_contextvars

from tests.concurrency import wait_until
from tests.environment import environment
from tests.sentry import sentry_server
from tests.tasks import fail
from tests.test_settings import COMPLETE
from tests.workers import needs_redis, worker

ARGUMENTS: dict[str, Any] = {"args": ["ada@example.com"], "kwargs": {"phone": "555-0100"}}


@needs_redis
@pytest.mark.django_db(transaction=True)
def test_failed_task_is_reported_once_with_its_ids_and_without_arguments(tmp_path: Path) -> None:
    queue = uuid4().hex
    ids = {"request_id": "abc-123", "user_id": "42"}
    sender = Celery("sender", broker=os.environ["REDIS_URL"], set_as_current=False)
    with sentry_server() as sentry:
        variables = {
            **COMPLETE,
            **environment(),
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "CELERY_BROKER_URL": os.environ["REDIS_URL"],
            "SENTRY_DSN": sentry.dsn,
        }
        with worker(queue, environment=variables, folder=tmp_path) as running:
            # Celery logs the arguments of a task that it does not know.
            sender.send_task("nowhere", queue=queue, ignore_result=True, **ARGUMENTS)
            with bound_contextvars(**ids):
                sent = sender.send_task(fail.name, queue=queue, ignore_result=True, **ARGUMENTS)
            wait_until(lambda: bool(sentry.events()) and bool(running.lines(event="task_failed")))

        # The worker has stopped and sent what it had.
        [event] = sentry.events()
    assert event["exception"]["values"][0]["value"] == "a bug in a task"
    assert {**ids, "task_id": sent.id}.items() <= event["tags"].items()
    assert "user" not in event
    assert [value for value in ("ada@example.com", "555-0100") if value in str(event)] == []
