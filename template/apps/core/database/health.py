"""The database check of the readiness probe `/readyz`."""

from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.db import Error, connection

log = structlog.get_logger(__name__)

# The longest that a probe waits for PostgreSQL.
TIMEOUT_SECONDS = 1.0

# One thread with one query: while PostgreSQL hangs, probes do not pile up.
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-health")
_queries: list[Future[None]] = []


def is_database_available() -> bool:
    """Return whether PostgreSQL answers in time."""
    if not _queries or _queries[-1].done():
        _queries[:] = [_executor.submit(_select_one)]
    try:
        _queries[-1].result(TIMEOUT_SECONDS)
    except (Error, TimeoutError) as error:
        log.warning("database_health_check_failed", error=str(error).strip() or type(error).__name__)
        return False
    return True


def _select_one() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
