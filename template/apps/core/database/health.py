"""The database check of the readiness probe `/readyz`."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import structlog
from django.db import Error, connection

log = structlog.get_logger(__name__)

# The longest that a probe waits for PostgreSQL.
TIMEOUT_SECONDS = 1.0

# A single thread, so that probes do not occupy more threads and connections while PostgreSQL hangs.
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-health")
_lock = Lock()
_check: Future[None] | None = None


def is_database_available() -> bool:
    """Return whether PostgreSQL answers a query in time. Concurrent probes share one query."""
    global _check  # noqa: PLW0603 - the query that is running in this process
    with _lock:
        if _check is None or _check.done():
            _check = _executor.submit(_select_one)
        check = _check
    try:
        check.result(TIMEOUT_SECONDS)
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
