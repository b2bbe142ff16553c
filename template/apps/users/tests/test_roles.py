import pytest
from pytest_django import Settings
from zeal import zeal_ignore

from apps.users.models import User
from apps.users.roles import Role
from apps.users.selectors import role_emails, user_roles
from apps.users.services import role_assign, user_delete
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_role_assign_is_idempotent_and_refuses_unknown_roles(user: User) -> None:
    with zeal_ignore():
        role_assign(user=user, role=Role.MANAGER)
        role_assign(user=user, role=Role.MANAGER)

    assert user_roles(user=user) == ["manager"]
    with pytest.raises(ValueError, match="PROJECT_ROLES"):
        role_assign(user=user, role="manger")


def test_project_role_can_be_assigned(user: User, settings: Settings) -> None:
    settings.PROJECT_ROLES = ["auditor"]

    role_assign(user=user, role="auditor")

    assert user_roles(user=user) == ["auditor"]


def test_role_emails_leaves_out_inactive_and_deleted_users() -> None:
    with zeal_ignore():
        grace, ada, inactive, deleted = UserFactory.create_batch(4)
        for user in (grace, ada, inactive, deleted):
            role_assign(user=user, role=Role.MANAGER)
        User.objects.filter(pk=inactive.pk).update(is_active=False)
        user_delete(user=deleted)
        UserFactory.create(is_staff=True)

    assert role_emails(role=Role.MANAGER) == sorted([grace.email, ada.email])
