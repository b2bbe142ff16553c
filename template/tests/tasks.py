"""Tasks that workers of the tests have, besides those of the project."""

from pathlib import Path

import structlog
from celery import shared_task
from django.db import connection

from apps.core.database.queries import query_count
from tests.waiting import wait_until

log = structlog.get_logger("tests.tasks")


@shared_task
def tell() -> None:
    """Make two queries, and log how many it has made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 1")
    log.info("told", queries=query_count())


@shared_task
def hold(end: str) -> None:
    """Be at work until a file is there."""
    log.info("holding")
    wait_until(lambda: Path(end).exists())
    log.info("held")


@shared_task
def fail(*_args: object, **_kwargs: object) -> None:
    """Raise an error that nobody expects, whatever it is given."""
    raise RuntimeError("a bug in a task")
