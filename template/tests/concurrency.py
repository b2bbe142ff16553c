"""Calls at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Event

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from apps.core.exceptions import DomainError
from tests.waiting import DEADLINE_SECONDS, wait_until


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make calls at once, each in a thread and on a connection of its own.

    Returns:
        What comes of each, in their order: its value, or the refusal that it raises.
    """
    start = Barrier(len(calls))

    def make(call: Callable[[], object]) -> object:
        start.wait()
        return _outcome(call)

    with ThreadPoolExecutor(max_workers=len(calls)) as threads:
        return list(threads.map(make, calls))


def overtake(
    call: Callable[[], object], *, hold: Callable[[], object], meanwhile: Callable[[], object] = lambda: None
) -> object:
    """Make a call that has to wait for somebody.

    Args:
        call: Made in a thread and on a connection of its own.
        hold: Done before, in a transaction that is open: what the call waits for.
        meanwhile: Done in that transaction, and before it is committed, as soon as the call waits.

    Returns:
        What comes of the call: its value, or the refusal that it raises.

    Raises:
        TimeoutError: It does not wait.
    """
    with ThreadPoolExecutor(max_workers=1) as threads:
        with transaction.atomic():
            hold()
            outcome = threads.submit(_outcome, call)
            wait_until(lambda: held_up() == 1)
            meanwhile()
        return outcome.result()


def _outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except (DomainError, ValidationError) as refusal:
        return refusal
    finally:
        connection.close()


def at_once_up_to(table: str, *calls: Callable[[], object]) -> list[object]:
    """Make calls at once, where none goes on before each has come to a table, or waits for one that has.

    Returns:
        What comes of each, as `at_once` does.
    """
    is_held = Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table}")
            is_held.set()
            wait_until(lambda: held_up() == len(calls))

    def follow(call: Callable[[], object]) -> object:
        is_held.wait(DEADLINE_SECONDS)
        return call()

    return at_once(hold, *[partial(follow, call) for call in calls])[1:]


def held_up() -> int:
    """Return how many wait for a lock in the database of the tests."""
    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL remembers what it has said before.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        [[count]] = cursor.fetchall()
    return int(count)


@contextmanager
def impatient() -> Iterator[None]:
    """Give up at once, for the time of a `with` block, where somebody holds a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20ms'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")
