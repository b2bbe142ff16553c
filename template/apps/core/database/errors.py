"""Tell an unavailable database and a timeout from a bug, so that both are answered with 503.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from enum import Enum

import psycopg
import structlog
from django.db import OperationalError
from django.http import HttpRequest

log = structlog.get_logger(__name__)

# lock_timeout, statement_timeout and the victim of a deadlock.
_TIMEOUT = {"55P03", "57014", "40P01"}
# Administrator shutdown, crash, start-up and too many connections. Class 08: connection exceptions.
_UNAVAILABLE = {"57P01", "57P02", "57P03", "53300"}
_CONNECTION_EXCEPTION = "08"


class DatabaseError(Enum):
    """Why the database did not answer a query.

    Attributes:
        detail: A sentence for the client.
        retry_after: Seconds until the client should try again.
    """

    TIMEOUT = ("The database took too long, or another request holds the same rows. Nothing was changed: try again.", 1)
    # The connection may have broken after the last statement was committed.
    UNAVAILABLE = ("The database is unavailable. Try again in a moment.", 5)

    def __init__(self, detail: str, retry_after: int) -> None:
        self.detail = detail
        self.retry_after = retry_after


def database_error(exc: BaseException | None) -> DatabaseError | None:
    """Return the database error behind an exception, or None if it is anything else."""
    cause = exc.__cause__ if isinstance(exc, OperationalError) else None
    if not isinstance(cause, psycopg.OperationalError):
        return None
    state = cause.sqlstate
    if state in _TIMEOUT:
        return DatabaseError.TIMEOUT
    # Without an SQLSTATE neither PostgreSQL nor the connection pool answered.
    if state is None or state in _UNAVAILABLE or state.startswith(_CONNECTION_EXCEPTION):
        return DatabaseError.UNAVAILABLE
    return None


def log_database_error(request: HttpRequest, error: DatabaseError, exc: BaseException) -> None:
    """Log why a request was answered with 503: a warning without a traceback, because it is not a bug."""
    log.warning(
        "database_error",
        reason=error.name.lower(),
        request=f"{request.method} {request.path}",
        error=str(exc).strip(),
        sqlstate=getattr(exc.__cause__, "sqlstate", None),
    )
