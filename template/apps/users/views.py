"""HTTP for accounts: reads a request, calls a service, gives a response."""

from typing import TYPE_CHECKING, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenViewBase

from apps.users.serializers import CredentialsSerializer, MeSerializer, RefreshSerializer, TokenPairSerializer
from apps.users.services import token_refresh, token_revoke, user_update

if TYPE_CHECKING:
    from apps.users.models import User


class TokenView(TokenViewBase):
    """Sign in: an address and a password for a pair of tokens."""

    serializer_class = CredentialsSerializer


class TokenRefreshView(APIView):
    """Trade a refresh token for a new pair. The old one is used up."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RefreshSerializer, responses=TokenPairSerializer)
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(token_refresh(refresh=serializer.validated_data["refresh"]))


class LogoutView(APIView):
    """Sign out: the refresh token that is sent is used up. Holding it is the permission."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RefreshSerializer, responses={status.HTTP_204_NO_CONTENT: None})
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token_revoke(refresh=serializer.validated_data["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The caller's own account."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(cast("User", request.user)).data)

    @extend_schema(request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        user = cast("User", request.user)
        serializer = MeSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(MeSerializer(user_update(user=user, **serializer.validated_data)).data)
