"""What django-axes needs to know: who signs in, from where, and what to answer once that failed too often."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core.problems import is_api, problem_response
from apps.users.models import User

log = structlog.get_logger(__name__)

SENTENCE = "Too many failed attempts to sign in: wait, or choose a new password by mail."


def account(_request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """Return the address that somebody tries to sign in with. `AXES_USERNAME_CALLABLE`."""
    given = credentials or {}
    return User.objects.normalize_email(given.get("email") or given.get("username"))


def locked_out(request: HttpRequest, *_args: object) -> HttpResponse:
    """Answer 429 to who failed too often. `AXES_LOCKOUT_CALLABLE`."""
    cool_off = get_cool_off(request)
    log.warning("sign_in_locked_out", path=request.path)
    if is_api(request):
        response: HttpResponse = problem_response(
            request,
            HTTPStatus.TOO_MANY_REQUESTS,
            SENTENCE,
        )
    else:
        response = render(
            request, "users/message.html", {"title": "Not now", "text": SENTENCE}, status=HTTPStatus.TOO_MANY_REQUESTS
        )
    response["Retry-After"] = str(int(cool_off.total_seconds()))
    return response
