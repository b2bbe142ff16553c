import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from apps.users.models import Role, User
from apps.users.services import role_assign
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/users/me/"


def test_signing_in_reading_refreshing_and_signing_out(api_client: APIClient) -> None:
    UserFactory.create(email="ada@example.com")

    first = api_client.post(TOKEN, {"email": "Ada@Example.com", "password": PASSWORD})
    assert first.status_code == 200
    assert set(first.json()) == {"access", "refresh"}
    me = api_client.get(ME, headers={"Authorization": f"Bearer {first.json()['access']}"})
    assert me.json()["email"] == "ada@example.com"

    second = api_client.post(REFRESH, {"refresh": first.json()["refresh"]})
    assert second.status_code == 200
    assert api_client.post(LOGOUT, {"refresh": second.json()["refresh"]}).status_code == 204
    assert api_client.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 401


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("off@example.com", PASSWORD)],
)
def test_signing_in_says_the_same_of_every_failure(api_client: APIClient, email: str, password: str) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="off@example.com", is_active=False)

    response = api_client.post(TOKEN, {"email": email, "password": password})

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["detail"] == "No active account found with the given credentials"


def test_signing_in_notes_the_time(api_client: APIClient, user: User) -> None:
    api_client.post(TOKEN, {"email": user.email, "password": PASSWORD})

    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_a_used_refresh_token_is_refused(api_client: APIClient, user: User, path: str) -> None:
    token = RefreshToken.for_user(user)
    token.blacklist()

    response = api_client.post(path, {"refresh": str(token)})

    assert response.status_code == 401
    assert response.json()["type"] == "urn:problem:invalid-token"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_access_token_ends_with_a_change_of_password(api_client: APIClient, user: User) -> None:
    access = RefreshToken.for_user(user).access_token
    user.set_password("another horse")
    user.save()

    assert api_client.get(ME, headers={"Authorization": f"Bearer {access}"}).status_code == 401


class TestMe:
    def test_shows_the_account_with_its_roles(self, signed_in: APIClient, user: User) -> None:
        role_assign(user=user, role=Role.MANAGER)

        body = signed_in.get(ME).json()

        assert body["id"] == str(user.pk)
        assert body["roles"] == ["manager"]
        assert set(body) == {"id", "email", "first_name", "last_name", "roles", "date_joined"}

    def test_is_closed_to_strangers(self, api_client: APIClient) -> None:
        response = api_client.get(ME)

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_changes_a_name_and_nothing_else(self, signed_in: APIClient, user: User) -> None:
        response = signed_in.patch(ME, {"first_name": "Grace", "email": "new@example.com", "roles": ["manager"]})

        assert response.json()["first_name"] == "Grace"
        assert response.json()["email"] == user.email
        assert response.json()["roles"] == []

    def test_refuses_a_name_that_is_too_long(self, signed_in: APIClient) -> None:
        response = signed_in.patch(ME, {"first_name": "x" * 151})

        assert response.status_code == 400
        assert [error["pointer"] for error in response.json()["errors"]] == ["#/first_name"]

    def test_takes_two_queries_however_many_roles(
        self, api_client: APIClient, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        access = RefreshToken.for_user(user).access_token
        role_assign(user=user, role=Role.MANAGER)

        with django_assert_num_queries(2):
            api_client.get(ME, headers={"Authorization": f"Bearer {access}"})


def test_routes_have_names() -> None:
    assert [reverse(f"users:{name}") for name in ("token", "token-refresh", "logout", "me")] == [
        TOKEN,
        REFRESH,
        LOGOUT,
        ME,
    ]
