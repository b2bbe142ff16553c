"""Authenticate API calls by access token."""

from typing import TYPE_CHECKING, Any

import structlog
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from apps.users.selectors import user_of_token

if TYPE_CHECKING:
    from apps.users.models import User


class SessionTokenAuthentication(JWTAuthentication):
    """Accepts an access token while its session lasts.

    A sign-out, a password change and a deactivation revoke access tokens immediately, before they expire.
    """

    def get_user(self, validated_token: Token) -> "User":  # type: ignore[override]
        """Return the user of a token, and add the user's id to every log event of the request.

        Raises:
            AuthenticationFailed: The session has ended.
        """
        user = user_of_token(token=validated_token)
        if user is None:
            raise AuthenticationFailed("The session has ended: sign in again.", code="session_ended")
        structlog.contextvars.bind_contextvars(user_id=str(user.pk))
        return user


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the authentication in the OpenAPI document."""

    target_class = "apps.users.authentication.SessionTokenAuthentication"
    name = "jwtAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
