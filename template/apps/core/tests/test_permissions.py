from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from apps.core.permissions import IsAdminOrReadOnly, IsManager, IsOwner
from apps.users.models import User
from apps.users.roles import Role
from apps.users.services import role_assign
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def request_of(user: User | AnonymousUser, method: str = "get") -> Request:
    request = Request(getattr(APIRequestFactory(), method)("/"))
    request.user = user
    return request


def test_is_owner_allows_only_the_owner(user: User) -> None:
    own, foreign = SimpleNamespace(user=user), SimpleNamespace(user=UserFactory.create())

    assert IsOwner().has_object_permission(request_of(user), APIView(), own)
    assert not IsOwner().has_object_permission(request_of(user), APIView(), foreign)
    assert not IsOwner().has_object_permission(request_of(AnonymousUser()), APIView(), own)


def test_is_owner_reads_the_owner_from_owner_field(user: User) -> None:
    permission = type("IsAuthor", (IsOwner,), {"owner_field": "author"})()

    assert permission.has_object_permission(request_of(user), APIView(), SimpleNamespace(author=user))


@pytest.mark.parametrize(("method", "allowed"), [("get", True), ("head", True), ("options", True), ("post", False)])
def test_is_admin_or_read_only_allows_reading_and_staff(user: User, method: str, allowed: bool) -> None:  # noqa: FBT001
    assert IsAdminOrReadOnly().has_permission(request_of(user, method), APIView()) is allowed
    user.is_staff = True
    assert IsAdminOrReadOnly().has_permission(request_of(user, method), APIView())


def test_is_manager_requires_the_role(user: User) -> None:
    assert not IsManager().has_permission(request_of(user), APIView())
    role_assign(user=user, role=Role.MANAGER)
    assert IsManager().has_permission(request_of(user), APIView())
    assert not IsManager().has_permission(request_of(AnonymousUser()), APIView())
