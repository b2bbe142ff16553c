"""Signing in and out, and staying signed in.

Whatever changes the sessions of a user first locks the row of that user, so that no two changes meet.
"""

from typing import TypedDict

import structlog
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User
from apps.users.selectors import is_password_of, live_tokens
from apps.users.tokens import RefreshToken

log = structlog.get_logger(__name__)

_REFUSED = "The refresh token is wrong, expired or used: sign in again."


class TokenPair(TypedDict):
    """What a client holds: a short-lived token to call with, a longer one to get the next pair."""

    access: str
    refresh: str


class InvalidCredentialsError(InvalidTokenError):
    """Nobody can sign in with this address and this password."""

    code = "invalid-credentials"


def session_sign_in(*, request: HttpRequest, email: str, password: str) -> TokenPair:
    """Start a session for whoever knows the password of an address.

    Args:
        request: Where from, for django-axes, which counts what fails and answers for itself once that is too much.
        email: The address, in any case.
        password: The password.

    Raises:
        InvalidCredentialsError: One of them is wrong, or the account may not sign in.
    """
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        raise InvalidCredentialsError("No account has this address and this password, or it is not confirmed yet.")
    # Notes the time, and forgets what failed before.
    user_logged_in.send(sender=User, request=request, user=user)
    return session_start(user=user)


def session_start(*, user: User, session: str | None = None) -> TokenPair:
    """Return the tokens of a new session, or the next ones of a session."""
    refresh = RefreshToken.for_session(user, session)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def session_refresh(*, refresh: str) -> TokenPair:
    """Trade a refresh token for a new pair, which uses it up.

    Raises:
        InvalidTokenError: The token is wrong, expired or used, its user is gone, or their password has changed. One
            that was used before the call ends the whole session: somebody has a copy.
    """
    token = _read(refresh)
    # Durable: that a session has ended must be kept when the caller is told so by an exception.
    with transaction.atomic(durable=True):
        user = _take(token)
        pair = session_start(user=user, session=token.session) if user else None
    if pair is None:
        raise InvalidTokenError(_REFUSED)
    return pair


def session_end(*, refresh: str, all_devices: bool = False) -> None:
    """Sign out the device that holds a refresh token, or every device of its user. Their access tokens end as well.

    Raises:
        InvalidTokenError: As for `session_refresh`.
    """
    token = _read(refresh)
    with transaction.atomic(durable=True):
        user = _take(token)
        if user and all_devices:
            sessions_end(user=user)
    if user is None:
        raise InvalidTokenError(_REFUSED)


def sessions_end(*, user: User) -> None:
    """Sign out every device of a user. For callers that hold the lock on the user."""
    _blacklist(OutstandingToken.objects.filter(user=user, blacklistedtoken=None))


def _read(refresh: str) -> RefreshToken:
    try:
        # The library takes the text, and is annotated as if it did not.
        return RefreshToken(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidTokenError(_REFUSED) from error


def _take(token: RefreshToken) -> User | None:
    """Use up a refresh token, and return its user, who is then locked. None where it is good for nothing.

    A token that was used already when the call came in is a copy, and its session ends. One that is used by another
    call while this one waits is a client that asks twice at once: it is refused, and nothing more.
    """
    live = live_tokens(session=token.session).filter(jti=token["jti"])
    was_live = live.exists()
    user = User.objects.locked(token["user_id"])
    if user is None or not is_password_of(user=user, token=token):
        return None
    if _blacklist(live):
        return user
    if not was_live and _blacklist(live_tokens(session=token.session)):
        log.warning("refresh_token_reused", user_id=str(user.pk), session=token.session)
    return None


def _blacklist(tokens: QuerySet[OutstandingToken]) -> int:
    """Revoke refresh tokens, and return how many."""
    return len(BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in tokens]))
