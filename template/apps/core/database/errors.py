"""Find the errors that mean "the database is unavailable" or "timeout".

`problem_exception_handler` and `server_error` in `apps/core/exceptions/problems.py` answer these with 503.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from enum import Enum

import psycopg
import structlog
from django.db import InternalError, OperationalError
from django.http import HttpRequest

log = structlog.get_logger(__name__)


class UnavailableReason(Enum):
    """Why the database did not answer: a sentence for the client, and the seconds to wait before the next try."""

    # Also a deadlock.
    TIMEOUT = ("The database took too long, or another request holds the same rows. Nothing was changed: try again.", 1)
    # Does not say "Nothing was changed": the connection may have broken after the commit.
    UNAVAILABLE = ("The database is unavailable. Try again in a moment.", 5)

    def __init__(self, detail: str, retry_after: int) -> None:
        self.detail = detail
        self.retry_after = retry_after


# lock_timeout, statement_timeout, idle_in_transaction_session_timeout and the victim of a deadlock.
_TIMEOUT = ("55P03", "57014", "25P03", "40P01")
# Connection exceptions, shutdown, crash, startup and too many connections.
_UNAVAILABLE = ("08", "57P01", "57P02", "57P03", "53300")


def unavailable_reason(exc: BaseException | None) -> UnavailableReason | None:
    """Return why the database did not answer, or None if the exception is anything else."""
    cause = exc.__cause__ if isinstance(exc, OperationalError | InternalError) else None
    if not isinstance(cause, psycopg.Error):
        return None
    # No SQLSTATE: PostgreSQL could not be reached, or the pool had no connection in time.
    sqlstate = cause.sqlstate or ("08" if isinstance(cause, psycopg.OperationalError) else "")
    if sqlstate.startswith(_UNAVAILABLE):
        return UnavailableReason.UNAVAILABLE
    return UnavailableReason.TIMEOUT if sqlstate in _TIMEOUT else None


def log_database_error(request: HttpRequest, reason: UnavailableReason, exc: BaseException) -> None:
    """Log why a request is answered with 503: a warning without a traceback, because it is not a bug."""
    fields = {"request": f"{request.method} {request.path}", "sqlstate": getattr(exc.__cause__, "sqlstate", None)}
    log.warning("database_error", reason=reason.name.lower(), error=str(exc).strip(), **fields)
