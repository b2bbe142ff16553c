"""Calls that wait for a lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from tests.concurrency import result_of, wait_until


def run_blocked(
    call: Callable[[], object], *, lock: Callable[[], object], before_commit: Callable[[], object] = lambda: None
) -> object:
    """Run a call, in a thread and on a connection of its own, that waits for a lock of an open transaction.

    Args:
        call: The call that waits.
        lock: Run first, in the transaction: takes the lock.
        before_commit: Run in the transaction, before its commit, as soon as the call waits.

    Returns:
        The result of the call: its value, or the domain or validation error that it raised.

    Raises:
        TimeoutError: It does not wait.
    """
    with ThreadPoolExecutor(max_workers=1) as threads:
        with transaction.atomic():
            lock()
            result = threads.submit(result_of, call)
            wait_until(lambda: count_waiting() == 1)
            before_commit()
        return result.result()


def count_waiting() -> int:
    """Return how many connections to the test database wait for a lock."""
    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL caches its statistics.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        [[count]] = cursor.fetchall()
    return int(count)
