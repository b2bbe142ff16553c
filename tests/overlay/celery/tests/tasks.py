"""Tasks that only the workers of the tests have."""

import structlog
from celery import shared_task
from django.db import connection

from apps.core.access_log import query_count

log = structlog.get_logger("tests.tasks")


@shared_task
def tell() -> None:
    """Make two queries, and log how many queries the task has made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 1")
    log.info("told", queries=query_count())


@shared_task
def fail(*_args: object, **_kwargs: object) -> None:
    """Raise an unexpected error, whatever the arguments are."""
    raise RuntimeError("a bug in a task")
