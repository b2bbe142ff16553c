"""Asking the database whether it answers, as often as somebody wants to know and without waiting for it for long."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import structlog
from health_check.checks import Database
from health_check.exceptions import HealthCheckException

from apps.core.outages import reason_of

log = structlog.get_logger(__name__)

# How long the database has for an answer.
PROBE_SECONDS = 1.0


class DatabaseProbe:
    """Asks the database one thing at a time: what hangs holds a thread of its own, and no second one waits behind it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="probe")
        self._lock = Lock()
        self._asked: Future[None] | None = None
        self._is_away = False

    def answers(self) -> bool:
        """Say whether the database answers in time. The log is told when that changes, and not each time."""
        try:
            self._ask().result(PROBE_SECONDS)
        except TimeoutError:
            return self._note({"error": f"no answer within {PROBE_SECONDS} seconds"})
        except HealthCheckException as error:
            return self._note(reason_of(error.__cause__ or error))
        return self._note(None)

    def _ask(self) -> Future[None]:
        """Return the answer to come of whoever asks already, and ask where nobody does."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._threads.submit(Database().run)
            return self._asked

    def _note(self, reason: dict[str, str | None] | None) -> bool:
        """Tell the log when the database has gone or come back, and return whether it is there."""
        with self._lock:
            is_news = self._is_away != (reason is not None)
            self._is_away = reason is not None
        if is_news and reason:
            log.warning("database_away", **reason)
        elif is_news:
            log.info("database_back")
        return reason is None


database = DatabaseProbe()
