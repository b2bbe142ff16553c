import pytest
from django.test import Client
from django.urls import reverse

from apps.users.models import User
from apps.users.tests.factories import UserFactory


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
