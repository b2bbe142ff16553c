import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.users.models import Registration, User
from apps.users.roles import Role
from apps.users.selectors import role_emails
from apps.users.services import registration_create, role_assign, user_delete
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"


def test_account_is_shown_with_its_roles(signed_in: APIClient, user: User) -> None:
    role_assign(user=user, role=Role.MANAGER)

    body = signed_in.get(ME).json()

    assert body["id"] == str(user.pk)
    assert body["roles"] == ["manager"]
    assert "password" not in body


def test_only_names_can_be_changed(signed_in: APIClient, user: User) -> None:
    response = signed_in.patch(ME, {"first_name": "Grace", "email": "new@example.com", "roles": ["manager"]})

    assert (response.json()["first_name"], response.json()["email"]) == ("Grace", user.email)
    assert response.json()["roles"] == []
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.is_staff) == ("Grace", "Lovelace", False)


def test_deleting_the_account_ends_its_sessions_and_frees_its_address(api_client: APIClient, user: User) -> None:
    email = user.email
    registration_create(email=email, password=PASSWORD)
    pair = session_start(user=user)
    bearer = {"Authorization": f"Bearer {pair['access']}"}

    assert api_client.delete(ME, headers=bearer).status_code == 204

    assert api_client.get(ME, headers=bearer).status_code == 401
    assert api_client.post("/api/v1/auth/token/", {"email": email, "password": PASSWORD}).status_code == 401
    assert not Registration.objects.exists()
    UserFactory.create(email=email)


def test_deleted_account_keeps_no_personal_data_and_no_permissions(user: User) -> None:
    role_assign(user=user, role=Role.MANAGER)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    email = user.email

    user_delete(user=user)
    user_delete(user=user)

    assert not User.objects.filter(pk=user.pk).exists()
    deleted = User.all_objects.get(pk=user.pk)
    assert (deleted.is_deleted, deleted.is_active, deleted.is_staff, deleted.is_superuser) == (
        True,
        False,
        False,
        False,
    )
    assert not deleted.groups.exists()
    assert not deleted.has_usable_password()
    values = {str(value) for value in User.all_objects.values().get(pk=user.pk).values()}
    assert not values & {email, "Ada", "Lovelace"}


def test_role_assign_is_idempotent_and_refuses_unknown_roles(user: User) -> None:
    role_assign(user=user, role=Role.MANAGER)
    role_assign(user=user, role=Role.MANAGER)

    assert user.roles == ["manager"]
    with pytest.raises(ValueError, match="PROJECT_ROLES"):
        role_assign(user=user, role="manger")


def test_project_role_can_be_assigned(user: User, settings: Settings) -> None:
    settings.PROJECT_ROLES = ["auditor"]

    role_assign(user=user, role="auditor")

    assert user.roles == ["auditor"]


def test_role_emails_leaves_out_inactive_and_deleted_users() -> None:
    grace, ada, inactive, deleted = UserFactory.create_batch(4)
    for user in (grace, ada, inactive, deleted):
        role_assign(user=user, role=Role.MANAGER)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    user_delete(user=deleted)
    UserFactory.create(is_staff=True)

    assert role_emails(role=Role.MANAGER) == sorted([grace.email, ada.email])


def test_email_address_is_stored_in_lower_case_and_found_in_any_case() -> None:
    user = User.objects.create_user("Ada@Example.COM ", PASSWORD)

    assert str(user) == "ada@example.com"
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert User.objects.get_by_natural_key("ADA@example.com") == user
    with pytest.raises(ValueError, match="email address"):
        User.objects.create_user(" ")
    with pytest.raises(IntegrityError):
        User.objects.create_superuser("ADA@EXAMPLE.COM")


def test_database_refuses_an_email_address_in_upper_case() -> None:
    with pytest.raises(IntegrityError, match="users_user_email_lower_case"):
        User.objects.bulk_create([User(email="Ada@example.com")])


def test_full_clean_normalizes_and_validates_the_email_address() -> None:
    user = User(email="Ada@Example.com", password="x")

    user.full_clean()

    assert user.email == "ada@example.com"
    with pytest.raises(ValidationError):
        User(email="nobody", password="x").full_clean()
