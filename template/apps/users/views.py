"""HTTP for accounts: reads a request, calls a service, gives a response."""

from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from apps.core.exceptions.openapi import problems
from apps.core.throttling import AnonymousThrottle, ScopeThrottle
from apps.users import serializers, services, sessions
from apps.users.throttling import MailThrottle

if TYPE_CHECKING:
    from apps.users.models import User


class OpenView(APIView):
    """An endpoint for whoever is not signed in. A token that is sent along is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class MailView(OpenView):
    """An endpoint that causes a mail to the address in the body."""

    throttle_classes = (AnonymousThrottle, ScopeThrottle, MailThrottle)


class RegisterView(MailView):
    """Ask for an account. Its address gets a mail with a link, which makes the account."""

    throttle_scope = "register"

    @extend_schema(
        request=serializers.CredentialsSerializer,
        responses={status.HTTP_202_ACCEPTED: serializers.MessageSerializer},
    )
    def post(self, request: Request) -> Response:
        services.registration_create(**_valid(serializers.CredentialsSerializer, request))
        return _see_mail()


class VerifyEmailView(OpenView):
    """Confirm an address, with what the link in the mail carries. That makes the account."""

    throttle_scope = "verify"

    @extend_schema(request=serializers.LinkSerializer, responses={status.HTTP_204_NO_CONTENT: None})
    def post(self, request: Request) -> Response:
        services.registration_confirm(**_valid(serializers.LinkSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendView(MailView):
    """Ask for the mail of a registration once more."""

    throttle_scope = "register"

    @extend_schema(
        request=serializers.EmailSerializer,
        responses={status.HTTP_202_ACCEPTED: serializers.MessageSerializer},
    )
    def post(self, request: Request) -> Response:
        services.registration_remind(**_valid(serializers.EmailSerializer, request))
        return _see_mail()


class TokenView(OpenView):
    """Sign in: an address and a password for a pair of tokens."""

    throttle_scope = "token"

    @extend_schema(
        request=serializers.CredentialsSerializer,
        responses={status.HTTP_200_OK: serializers.TokenPairSerializer, **problems(status.HTTP_401_UNAUTHORIZED)},
    )
    def post(self, request: Request) -> Response:
        credentials = _valid(serializers.CredentialsSerializer, request)
        # Django's own request, which django-axes leaves its verdict on.
        return _tokens(sessions.session_sign_in(request=request._request, **credentials))


class TokenRefreshView(OpenView):
    """Trade a refresh token for a new pair. The old one is used up; to use it again ends the session."""

    # Every device calls this four times an hour, and an office has many behind one address.
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "refresh"

    @extend_schema(
        request=serializers.RefreshSerializer,
        responses={status.HTTP_200_OK: serializers.TokenPairSerializer, **problems(status.HTTP_401_UNAUTHORIZED)},
    )
    def post(self, request: Request) -> Response:
        return _tokens(sessions.session_refresh(**_valid(serializers.RefreshSerializer, request)))


class LogoutView(OpenView):
    """Sign out the device that holds the refresh token, or all of them. Holding it is the permission."""

    throttle_classes = (ScopeThrottle,)
    throttle_scope = "refresh"

    @extend_schema(
        request=serializers.LogoutSerializer,
        responses={status.HTTP_204_NO_CONTENT: None, **problems(status.HTTP_401_UNAUTHORIZED)},
    )
    def post(self, request: Request) -> Response:
        sessions.session_end(**_valid(serializers.LogoutSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordChangeView(APIView):
    """Change the password. Every device is signed out; this one goes on with the tokens of the answer."""

    throttle_scope = "password"

    @extend_schema(request=serializers.PasswordChangeSerializer, responses=serializers.TokenPairSerializer)
    def post(self, request: Request) -> Response:
        passwords = _valid(serializers.PasswordChangeSerializer, request)
        return _tokens(services.password_change(user=cast("User", request.user), **passwords))


class PasswordResetView(MailView):
    """Ask for a new password. The address gets a mail with a link."""

    throttle_scope = "reset"

    @extend_schema(
        request=serializers.EmailSerializer,
        responses={status.HTTP_202_ACCEPTED: serializers.MessageSerializer},
    )
    def post(self, request: Request) -> Response:
        services.password_reset_request(**_valid(serializers.EmailSerializer, request))
        return _see_mail()


class PasswordResetConfirmView(OpenView):
    """Choose a new password, with what the link in the mail carries. Every device is signed out."""

    throttle_scope = "verify"

    @extend_schema(request=serializers.PasswordResetSerializer, responses={status.HTTP_204_NO_CONTENT: None})
    def post(self, request: Request) -> Response:
        services.password_reset_confirm(**_valid(serializers.PasswordResetSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The caller's own account."""

    @extend_schema(responses=serializers.MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(serializers.MeSerializer(cast("User", request.user)).data)

    @extend_schema(request=serializers.MeSerializer, responses=serializers.MeSerializer)
    def patch(self, request: Request) -> Response:
        user = cast("User", request.user)
        serializer = serializers.MeSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(serializers.MeSerializer(services.user_update(user=user, **serializer.validated_data)).data)

    @extend_schema(responses={status.HTTP_204_NO_CONTENT: None})
    def delete(self, request: Request) -> Response:
        """Delete the account. Every device is signed out, and the address is free again."""
        services.user_delete(user=cast("User", request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _valid(serializer_class: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """Return what a request says, once it is found to be in order."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return cast("dict[str, Any]", serializer.validated_data)


def _see_mail() -> Response:
    """Return the answer of every call that mails: nobody learns from it whether an address has an account."""
    detail = "A mail is on its way to this address. It says how to go on."
    return Response({"detail": detail}, status=status.HTTP_202_ACCEPTED)


def _tokens(pair: sessions.TokenPair) -> Response:
    """Return tokens, which nobody on the way may keep. Source: RFC 6749, section 5.1."""
    return Response(pair, headers={"Cache-Control": "no-store"})
