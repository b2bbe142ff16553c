"""Services for signing in and out, and for exchanging refresh tokens."""

from typing import TypedDict

import structlog
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User, UserSession
from apps.users.selectors import user_of_token
from apps.users.tokens import SESSION_CLAIM, RefreshToken

log = structlog.get_logger(__name__)

_REFUSED = "The refresh token is invalid, expired or already used: sign in again."


class TokenPair(TypedDict):
    """An access token for API calls, and the refresh token to exchange for the next pair."""

    access: str
    refresh: str


class InvalidCredentialsError(InvalidTokenError):
    """The email address and the password do not match an account that may sign in."""

    code = "invalid-credentials"


def session_sign_in(*, request: HttpRequest, email: str, password: str) -> TokenPair:
    """Check a password and start a session.

    Args:
        request: Django's own request: django-axes marks it when the sign-in is locked out, and its middleware
            replaces the response.
        email: The email address, in any case.
        password: The password.

    Raises:
        InvalidCredentialsError: The credentials are wrong, or the account may not sign in.
    """
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        raise InvalidCredentialsError("No account has this email address and password, or it is not confirmed yet.")
    # Updates `last_login`, and resets the failures that django-axes has counted.
    user_logged_in.send(sender=User, request=request, user=user)
    return session_start(user=user)


def session_start(*, user: User) -> TokenPair:
    """Start a session, and return its first tokens."""
    session = UserSession(user=user, password_fingerprint=user.password_fingerprint)
    token = RefreshToken.for_session(session)
    session.refresh_id, session.expires_at = token["jti"], timezone.now() + RefreshToken.lifetime
    session.save()
    return _pair(token)


def session_refresh(*, refresh: str) -> TokenPair:
    """Exchange a refresh token for the next pair of its session.

    Raises:
        InvalidTokenError: See `_rotate`.
    """
    _, token = _rotate(refresh)
    return _pair(token)


def session_sign_out(*, refresh: str, all_devices: bool = False) -> None:
    """Revoke the session of a refresh token, or every session of its user. Their access tokens end as well.

    Raises:
        InvalidTokenError: See `_rotate`.
    """
    session, _ = _rotate(refresh)
    if all_devices:
        sessions_revoke(user=session.user)
    else:
        session.delete()


def sessions_revoke(*, user: User) -> None:
    """Revoke every session of a user."""
    UserSession.objects.filter(user=user).delete()


def _pair(token: RefreshToken) -> TokenPair:
    return {"access": str(token.access_token), "refresh": str(token)}


def _rotate(refresh: str) -> tuple[UserSession, RefreshToken]:
    """Use up a refresh token, and return its session and the next refresh token.

    Of concurrent calls with one token, one gets the next token and the others an error. A call that finds the token
    already used revokes the session, because the token may be stolen: the thief and the owner both have to sign in again
    (RFC 9700, section 4.14.2).

    Raises:
        InvalidTokenError: The token is invalid, expired or already used, or its session has ended.
    """
    try:
        # simplejwt annotates the argument as a `Token`, but accepts the encoded string.
        token = RefreshToken(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidTokenError(_REFUSED) from error
    # `durable` forbids an outer transaction: the exception below would roll it back, and the revocation with it.
    with transaction.atomic(durable=True):
        user = user_of_token(token=token)
        session = user and user.sessions.filter(pk=token[SESSION_CLAIM]).first()
        if session and session.refresh_id != token["jti"]:
            log.warning("refresh_token_reused", user_id=str(session.user_id))
            session.delete()
            session = None
    if session:
        next_token = RefreshToken.for_session(session)
        # One atomic statement: PostgreSQL checks the condition again after waiting for a concurrent update.
        current = UserSession.objects.filter(pk=session.pk, refresh_id=token["jti"])
        if current.update(refresh_id=next_token["jti"], expires_at=timezone.now() + RefreshToken.lifetime):
            return session, next_token
    raise InvalidTokenError(_REFUSED)
