"""Who calls: the bearer of an access token."""

from typing import TYPE_CHECKING

import structlog
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from apps.users.selectors import user_of_token

if TYPE_CHECKING:
    from apps.users.models import User


class SessionTokenAuthentication(JWTAuthentication):
    """Takes an access token while the session that it belongs to lasts.

    A sign-out, a change of password and a deactivation end it at once, not when the token expires.
    """

    # The library annotates any user there can be.
    def get_user(self, validated_token: Token) -> "User":  # type: ignore[override]
        """Return the caller, whom all log lines of the request name from here on.

        Raises:
            AuthenticationFailed: The token is genuine, and no longer good.
        """
        user = user_of_token(token=validated_token)
        if user is None:
            raise AuthenticationFailed("The session has ended: sign in again.", code="session_ended")
        structlog.contextvars.bind_contextvars(user_id=str(user.pk))
        return user


class SessionTokenScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """Describes it in the OpenAPI document."""

    target_class = "apps.users.authentication.SessionTokenAuthentication"
