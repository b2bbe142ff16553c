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


def test_only_the_owner_touches_an_object(user: User) -> None:
    mine, theirs = SimpleNamespace(user=user), SimpleNamespace(user=UserFactory.create())

    assert IsOwner().has_object_permission(request_of(user), APIView(), mine)
    assert not IsOwner().has_object_permission(request_of(user), APIView(), theirs)
    assert not IsOwner().has_object_permission(request_of(AnonymousUser()), APIView(), mine)


def test_the_owner_can_have_another_name(user: User) -> None:
    permission = type("IsAuthor", (IsOwner,), {"owner_field": "author"})()

    assert permission.has_object_permission(request_of(user), APIView(), SimpleNamespace(author=user))


@pytest.mark.parametrize(("method", "allowed"), [("get", True), ("head", True), ("options", True), ("post", False)])
def test_anyone_reads_and_staff_writes(user: User, method: str, allowed: bool) -> None:  # noqa: FBT001
    assert IsAdminOrReadOnly().has_permission(request_of(user, method), APIView()) is allowed
    user.is_staff = True
    assert IsAdminOrReadOnly().has_permission(request_of(user, method), APIView())


def test_a_manager_is_who_has_the_role(user: User) -> None:
    assert not IsManager().has_permission(request_of(user), APIView())
    role_assign(user=user, role=Role.MANAGER)
    assert IsManager().has_permission(request_of(user), APIView())
    assert not IsManager().has_permission(request_of(AnonymousUser()), APIView())
