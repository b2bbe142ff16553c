"""Account endpoints."""

from hashlib import sha256
from typing import Any, cast

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from apps.core.exceptions.openapi import problem_responses
from apps.core.serializers import serialize
from apps.core.throttling import count_or_refuse
from apps.users import serializers, services, sessions
from apps.users.models import User

NO_CONTENT: dict[int, Any] = {status.HTTP_204_NO_CONTENT: None}
EMAIL_SENT: dict[int, Any] = {status.HTTP_202_ACCEPTED: serializers.MessageSerializer}
TOKENS: dict[int, Any] = {status.HTTP_200_OK: serializers.TokenPairSerializer}
INVALID_TOKEN = problem_responses(status.HTTP_401_UNAUTHORIZED)


class PublicAPIView(APIView):
    """A view for anonymous clients. An access token in the request is ignored."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class EmailView(PublicAPIView):
    """A public view that sends an email to the address in the body."""

    throttle_scope: str

    def validated(self, serializer_class: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
        """Return the valid input. The rate `mail` limits the emails of each kind to one address, from all clients together.

        Raises:
            Throttled: The address has got enough emails of this kind.
        """
        values = _validated(serializer_class, request)
        email = sha256(values["email"].encode()).hexdigest()
        count_or_refuse("mail", f"{self.throttle_scope}:{email}")
        return values


class RegisterView(EmailView):
    """Send an email with a link. The account is created when the link is used."""

    throttle_scope = "register"

    @extend_schema(summary="Register an account", request=serializers.CredentialsSerializer, responses=EMAIL_SENT)
    def post(self, request: Request) -> Response:
        services.registration_create(**self.validated(serializers.CredentialsSerializer, request))
        return _email_sent()


class VerifyEmailView(PublicAPIView):
    """Create the account. The token comes from the link in the email."""

    throttle_scope = "verify"

    @extend_schema(summary="Confirm an email address", request=serializers.LinkSerializer, responses=NO_CONTENT)
    def post(self, request: Request) -> Response:
        services.registration_confirm(**_validated(serializers.LinkSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendView(EmailView):
    """Send the email of a registration again."""

    throttle_scope = "register"

    @extend_schema(
        summary="Send the confirmation email again", request=serializers.EmailSerializer, responses=EMAIL_SENT
    )
    def post(self, request: Request) -> Response:
        services.registration_resend(**self.validated(serializers.EmailSerializer, request))
        return _email_sent()


class TokenView(PublicAPIView):
    """Exchange an email address and a password for a pair of tokens."""

    throttle_scope = "token"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Keep Django's own request: django-axes does not accept REST framework's."""
        super().setup(request, *args, **kwargs)
        self.http_request = request

    @extend_schema(summary="Sign in", request=serializers.CredentialsSerializer, responses={**TOKENS, **INVALID_TOKEN})
    def post(self, request: Request) -> Response:
        credentials = _validated(serializers.CredentialsSerializer, request)
        return _tokens(sessions.session_sign_in(request=self.http_request, **credentials))


class TokenRefreshView(PublicAPIView):
    """The refresh token is used up. Using it again revokes the session."""

    throttle_scope = "refresh"

    @extend_schema(
        summary="Exchange a refresh token for a new pair",
        request=serializers.RefreshSerializer,
        responses={**TOKENS, **INVALID_TOKEN},
    )
    def post(self, request: Request) -> Response:
        return _tokens(sessions.session_refresh(**_validated(serializers.RefreshSerializer, request)))


class LogoutView(PublicAPIView):
    """Revoke the session of a refresh token, or every session of its user."""

    throttle_scope = "refresh"

    @extend_schema(
        summary="Sign out",
        request=serializers.LogoutSerializer,
        responses={**NO_CONTENT, **INVALID_TOKEN},
    )
    def post(self, request: Request) -> Response:
        sessions.session_sign_out(**_validated(serializers.LogoutSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordChangeView(APIView):
    """Every session is revoked. The response has the tokens of a new one."""

    throttle_scope = "password"

    @extend_schema(
        summary="Change the password",
        request=serializers.PasswordChangeSerializer,
        responses=TOKENS,
    )
    def post(self, request: Request) -> Response:
        passwords = _validated(serializers.PasswordChangeSerializer, request)
        return _tokens(services.password_change(user=cast("User", request.user), **passwords))


class PasswordResetView(EmailView):
    """Send an email with a link to choose a new password."""

    throttle_scope = "reset"

    @extend_schema(summary="Request a password reset", request=serializers.EmailSerializer, responses=EMAIL_SENT)
    def post(self, request: Request) -> Response:
        services.password_reset_request(**self.validated(serializers.EmailSerializer, request))
        return _email_sent()


class PasswordResetConfirmView(PublicAPIView):
    """Set a new password by the token of the link. Every session is revoked."""

    throttle_scope = "verify"

    @extend_schema(summary="Reset the password", request=serializers.PasswordResetSerializer, responses=NO_CONTENT)
    def post(self, request: Request) -> Response:
        services.password_reset_confirm(**_validated(serializers.PasswordResetSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The user's own account."""

    @extend_schema(summary="Show your account", responses=serializers.MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(serialize(serializers.MeSerializer, request.user))

    @extend_schema(summary="Change your account", request=serializers.MeSerializer, responses=serializers.MeSerializer)
    def patch(self, request: Request) -> Response:
        user = cast("User", request.user)
        serializer = serializers.MeSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        user = services.user_update(user=user, **serializer.validated_data)
        return Response(serialize(serializers.MeSerializer, user))

    @extend_schema(summary="Delete your account", responses=NO_CONTENT)
    def delete(self, request: Request) -> Response:
        """Every session is revoked, and the email address is free again."""
        services.user_delete(user=cast("User", request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _validated(serializer_class: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return cast("dict[str, Any]", serializer.validated_data)


def _email_sent() -> Response:
    """Return the response of every view that sends email. It does not reveal whether the address has an account."""
    return Response({"detail": "We have sent an email to this address."}, status=status.HTTP_202_ACCEPTED)


def _tokens(pair: sessions.TokenPair) -> Response:
    """Return tokens, which must not be cached: RFC 6749, section 5.1."""
    return Response(pair, headers={"Cache-Control": "no-store"})
