"""Workers consume the queue of each task, and each scheduled task exists."""

import pytest
from django.conf import settings

from config.celery import app

app.loader.import_default_modules()
# Routing adds queues that are missing.
QUEUES = frozenset(app.amqp.queues)


@pytest.mark.parametrize("task", sorted(name for name in app.tasks if not name.startswith("celery.")))
def test_task_is_routed_to_a_queue_that_workers_consume(task: str) -> None:
    assert app.amqp.router.route({}, task)["queue"].name in QUEUES


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE)
def test_scheduled_task_exists(entry: str) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[entry]["task"] in app.tasks
