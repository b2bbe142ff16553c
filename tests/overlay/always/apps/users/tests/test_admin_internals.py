import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def test_users_can_be_searched(admin: Client) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="grace@example.com")

    page = admin.get(reverse("admin:users_user_changelist"), {"q": "grace"}).content.decode()

    assert "grace@example.com" in page
    assert "ada@example.com" not in page


def test_admin_is_closed_to_users_who_are_not_staff(client: Client, user: User) -> None:
    client.force_login(user)

    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.django_db
def test_session_cookie_is_same_site_and_hidden_from_scripts(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)

    client.post(reverse("admin:login"), {"username": staff.email, "password": PASSWORD})

    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
