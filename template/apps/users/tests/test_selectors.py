import pytest
from zeal import zeal_ignore

from apps.users.roles import Role
from apps.users.selectors import role_addresses
from apps.users.services import role_assign, user_delete
from apps.users.tests.factories import UserFactory


@pytest.mark.django_db
def test_those_with_a_role_are_found_unless_they_are_gone() -> None:
    with zeal_ignore():
        grace, ada, blocked, gone = UserFactory.create_batch(4)
        for user in (grace, ada, blocked, gone):
            role_assign(user=user, role=Role.MANAGER)
        blocked.is_active = False
        blocked.save()
        user_delete(user=gone)
        UserFactory.create(is_staff=True)

    assert role_addresses(role=Role.MANAGER) == sorted([grace.email, ada.email])
