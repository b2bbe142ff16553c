"""Telling a database that is away, or has no time, from a bug.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from enum import Enum

import psycopg
import structlog
from django.db import OperationalError
from django.http import HttpRequest

log = structlog.get_logger(__name__)

# Where a request keeps that the log was told.
_TOLD = "apps.core.outages"


class Outage(Enum):
    """Why the database did not do what it was asked.

    Attributes:
        detail: A sentence for the caller.
        wait: After how many seconds it may work.
    """

    # A lock that was waited for too long, a statement that took too long, the victim of a deadlock: nothing was done.
    BUSY = ("This took too long, or others are changing the same. Nothing was done: try again.", 1)
    # No connection is to be had, or it broke in the middle: what was asked last may have been done or not.
    AWAY = ("The database cannot be reached just now. Try again in a moment.", 5)

    def __init__(self, detail: str, wait: int) -> None:
        self.detail = detail
        self.wait = wait


_BUSY = {"55P03", "57014", "40P01"}
# Shut down by an operator, after a crash, or starting up; too many connections.
_AWAY = {"57P01", "57P02", "57P03", "53300"}
# Connections, that are refused or break off.
_AWAY_CLASS = "08"


def outage(error: BaseException | None) -> Outage | None:
    """Say which outage an exception stands for, or None where it stands for another thing."""
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    if not isinstance(cause, psycopg.OperationalError):
        return None
    state = cause.sqlstate
    if state in _BUSY:
        return Outage.BUSY
    # Without a state nobody has answered: neither PostgreSQL, nor the pool in time.
    return Outage.AWAY if state is None or state in _AWAY or state.startswith(_AWAY_CLASS) else None


def tell_outage(request: HttpRequest, reason: Outage, error: BaseException) -> None:
    """Tell the log why the database did not do what a request asked: once, however many parts of it meet the outage.

    Whoever made the request is answered 503, and nothing else says what it was. No traceback: it is no bug.
    """
    if _TOLD not in request.META:
        request.META[_TOLD] = reason
        asked = f"{request.method} {request.path}"
        log.warning("database_unavailable", outage=reason.name.lower(), request=asked, **reason_of(error))


def reason_of(error: BaseException) -> dict[str, str | None]:
    """Return what the log is told of an error of the database: its text, and its code where PostgreSQL gave one."""
    state = getattr(error.__cause__, "sqlstate", None)
    return {"error": str(error).strip(), **({"sqlstate": state} if state else {})}
