"""The Celery app: `celery -A config worker` and `celery -A config beat`."""

import os

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata, pre_task_succeeded
from django_structlog.celery.steps import DjangoStructLogInitStep
from structlog.contextvars import bind_contextvars

from apps.core.access_log import query_count, start_counting
from config.heartbeat import HeartbeatStep, start_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(HeartbeatStep)
# Log each task, with the ids of the request that sent it.
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**_kwargs: object) -> None:
    """Do nothing: Celery configures its own logging unless this signal has a receiver."""


@worker_init.connect
def configure_worker(**_kwargs: object) -> None:
    """Use plain database connections, because Celery closes them after each task, and give Redis more time."""
    for database in settings.DATABASES.values():
        database.get("OPTIONS", {}).pop("pool", None)
    settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] = 5


@beat_init.connect
def start_beat_heartbeat(**_kwargs: object) -> None:
    """Start the heartbeat of beat."""
    start_heartbeat("beat")


@receiver(bind_extra_task_metadata)
def count_queries(**_kwargs: object) -> None:
    """Count the queries of a task from its start."""
    start_counting()


@receiver(pre_task_succeeded)
def log_query_count(**_kwargs: object) -> None:
    """Add the number of queries to the event that logs the success of a task."""
    bind_contextvars(queries=query_count())
