"""The Celery app: `celery -A config worker` and `celery -A config beat`."""

import os
import tempfile
from typing import Any

from celery import Celery, Task
from celery.signals import (
    beat_init,
    celeryd_init,
    setup_logging,
    task_failure,
    task_prerun,
    task_retry,
    task_success,
    worker_init,
)
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from structlog.contextvars import bind_contextvars

from apps.core.database.queries import query_count, start_counting
from config.heartbeat import Heartbeat, start_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

# A worker listens for a second at a time, and nobody waits for it when Redis is slow.
WORKER_SOCKET_TIMEOUT = 5

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Takes the request id out of each message and binds it to the log lines of the task.
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add(Heartbeat)


@setup_logging.connect
def keep_django_logging(**_kwargs: object) -> None:
    """Leave logging to Django: a receiver of this signal stops Celery from configuring its own."""


@celeryd_init.connect
def skip_the_banner(instance: Any, **_kwargs: object) -> None:
    """Keep what is not a line of JSON out of the log, where a target that takes nothing would also stop the worker."""
    instance.quiet = True


@worker_init.connect
def disable_connection_pool(**_kwargs: object) -> None:
    """Give a worker plain connections: Celery closes them after each task, and would close the pool with them."""
    for database in settings.DATABASES.values():
        database.get("OPTIONS", {}).pop("pool", None)


@worker_init.connect
def be_patient_with_redis(**_kwargs: object) -> None:
    """Give a worker more time for an answer of Redis than those have who send tasks."""
    settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] = WORKER_SOCKET_TIMEOUT


@worker_init.connect
def share_memory_in_memory(**_kwargs: object) -> None:
    """Give the processes of a worker a place for what they share, where no folder for temporary files can be written."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = "/dev/shm"  # noqa: S108 - the folder, in which files get names by chance


@task_prerun.connect
def count_queries(task: Task[Any, Any], **_kwargs: object) -> None:
    """Count the queries of each task by itself, but for those of a task that runs inside of whoever sends it."""
    if not task.request.is_eager:
        start_counting()


@task_success.connect
@task_failure.connect
@task_retry.connect
def tell_queries(sender: Task[Any, Any], **_kwargs: object) -> None:
    """Have the line that ends a task say how many queries it made; it is written after this. The next task binds anew.

    The process that watches over the others, and tells of a task that was killed, has no request of it and no count.
    """
    if sender.request.id and not sender.request.is_eager:
        bind_contextvars(queries=query_count())


@beat_init.connect
def show_that_beat_lives(**_kwargs: object) -> None:
    """Start the heartbeat of beat; that of a worker is one of its steps."""
    start_heartbeat("beat")
