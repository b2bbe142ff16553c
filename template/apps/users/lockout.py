"""Callables for django-axes, which locks an account for a client after too many failed sign-ins."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

import structlog
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.core.exceptions.problems import error_response
from apps.core.throttling import client_ip
from apps.users.models import User

log = structlog.get_logger(__name__)

LOCKED_OUT = "Too many failed sign-ins. Wait, or reset the password by email."


def sign_in_email(_request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """Return the email address of a sign-in. `AXES_USERNAME_CALLABLE`."""
    given = credentials or {}
    return User.objects.normalize_email(given.get("email") or given.get("username"))


def locked_out_response(request: HttpRequest, *arguments: object) -> HttpResponse:
    """Return a 429 response with `Retry-After`. `AXES_LOCKOUT_CALLABLE`.

    Args:
        request: The request.
        arguments: The replaced response and the credentials. Under ASGI, django-axes 8.3 passes the credentials in
            the place of the response (https://github.com/jazzband/django-axes/pull/1494).
    """
    log.warning("sign_in_locked_out", path=request.path)
    title = "Too many failed sign-ins"
    response = error_response(request, HTTPStatus.TOO_MANY_REQUESTS, LOCKED_OUT, title=title, code="locked-out")
    credentials = next((argument for argument in arguments if isinstance(argument, dict)), None)
    response["Retry-After"] = str(_seconds_left(request, sign_in_email(request, credentials)))
    return response


def _seconds_left(request: HttpRequest, email: str) -> int:
    """Return how long the lock lasts: `AXES_COOLOFF_TIME` after the last failure that counted."""
    attempts = AccessAttempt.objects.filter(username=email, ip_address=client_ip(request))
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    return max(1, ceil((last + settings.AXES_COOLOFF_TIME - timezone.now()).total_seconds()))
