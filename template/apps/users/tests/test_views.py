import pytest
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.users.models import Registration, User
from apps.users.roles import Role
from apps.users.services import registration_create, role_assign, user_delete
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"


def test_the_account_is_shown_with_its_roles(signed_in: APIClient, user: User) -> None:
    role_assign(user=user, role=Role.MANAGER)

    body = signed_in.get(ME).json()

    assert body["id"] == str(user.pk)
    assert body["roles"] == ["manager"]
    assert set(body) == {"id", "email", "first_name", "last_name", "roles", "date_joined"}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Bearer a b", "Basic YTpi"])
def test_a_stranger_is_told_how_to_sign_in(api_client: APIClient, header: str | None) -> None:
    answer = api_client.get(ME, headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"] == "application/problem+json"


def test_a_name_is_changed_and_nothing_else(signed_in: APIClient, user: User) -> None:
    answer = signed_in.patch(ME, {"first_name": "Grace", "email": "new@example.com", "roles": ["manager"]})

    assert answer.json()["first_name"] == "Grace"
    assert answer.json()["email"] == user.email
    assert answer.json()["roles"] == []
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.is_staff) == ("Grace", "Lovelace", False)


def test_a_name_that_is_too_long_is_refused(signed_in: APIClient) -> None:
    answer = signed_in.patch(ME, {"first_name": "x" * 151})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/first_name"]


def test_an_account_is_deleted_and_its_address_free_again(api_client: APIClient, user: User) -> None:
    email = user.email
    role_assign(user=user, role=Role.MANAGER)
    registration_create(email=email, password=PASSWORD)
    pair = session_start(user=user)
    bearer = {"Authorization": f"Bearer {pair['access']}"}

    assert api_client.delete(ME, headers=bearer).status_code == 204

    assert api_client.get(ME, headers=bearer).status_code == 401
    assert api_client.post("/api/v1/auth/token/", {"email": email, "password": PASSWORD}).status_code == 401
    assert not Registration.objects.exists()
    UserFactory.create(email=email)


def test_what_is_left_of_an_account_says_nothing_about_anybody(user: User) -> None:
    role_assign(user=user, role=Role.MANAGER)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    email = user.email

    with zeal_ignore():
        user_delete(user=user)
        user_delete(user=user)

    assert not User.objects.filter(pk=user.pk).exists()
    left = User.all_objects.get(pk=user.pk)
    assert (left.is_deleted, left.is_active, left.is_staff, left.is_superuser) == (True, False, False, False)
    assert left.deleted_at is not None
    assert not left.groups.exists()
    assert not left.has_usable_password()
    values = {str(value) for value in User.all_objects.values().get(pk=user.pk).values()}
    assert not values & {email, "Ada", "Lovelace"}
