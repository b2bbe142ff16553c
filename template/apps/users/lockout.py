"""What django-axes needs to know: who signs in, from where, and what to answer once that failed too often."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.core.exceptions.problems import is_api, problem_response
from apps.users.models import User

log = structlog.get_logger(__name__)

SENTENCE = "Too many failed attempts to sign in: wait, or choose a new password by mail."


def account(_request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """Return the address that somebody tries to sign in with. `AXES_USERNAME_CALLABLE`."""
    given = credentials or {}
    return User.objects.normalize_email(given.get("email") or given.get("username"))


def locked_out(request: HttpRequest, *_args: object) -> HttpResponse:
    """Answer 429 to who failed too often. `AXES_LOCKOUT_CALLABLE`."""
    log.warning("sign_in_locked_out", path=request.path)
    if is_api(request):
        response: HttpResponse = problem_response(request, HTTPStatus.TOO_MANY_REQUESTS, SENTENCE, code="locked-out")
    else:
        response = render(
            request, "users/message.html", {"title": "Not now", "text": SENTENCE}, status=HTTPStatus.TOO_MANY_REQUESTS
        )
    response["Retry-After"] = str(_seconds_left(request))
    return response


def _seconds_left(request: Any) -> int:
    """Return how long the lock lasts: until its time has passed since the last failure that counted.

    Args:
        request: A request that django-axes has left its notes on.
    """
    cool_off: timedelta = get_cool_off(request)
    attempts = AccessAttempt.objects.filter(
        username=get_client_username(request, request.axes_credentials), ip_address=request.axes_ip_address
    )
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    return max(1, ceil((last + cool_off - timezone.now()).total_seconds()))
