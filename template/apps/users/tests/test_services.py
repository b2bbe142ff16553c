import pytest
from django.apps.registry import Apps
from django.contrib.auth.models import Group
from django.core.management.sql import emit_post_migrate_signal
from pytest_django import DjangoAssertNumQueries
from zeal import zeal_ignore

from apps.users.apps import create_roles
from apps.users.models import User
from apps.users.roles import Role
from apps.users.selectors import user_roles
from apps.users.services import role_assign, user_update

pytestmark = pytest.mark.django_db


class TestUserUpdate:
    def test_changes_what_is_given_and_leaves_the_rest(self, user: User) -> None:
        user_update(user=user, first_name="Grace")

        user.refresh_from_db()
        assert (user.first_name, user.last_name) == ("Grace", "Lovelace")

    def test_writes_nothing_when_nothing_changes(
        self, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(3):  # the lock, and the savepoint of the test's own transaction
            user_update(user=user, first_name=user.first_name)


class TestRoles:
    def test_a_role_is_assigned_once(self, user: User) -> None:
        with zeal_ignore():
            role_assign(user=user, role=Role.MANAGER)
            role_assign(user=user, role=Role.MANAGER)

        assert user_roles(user=user) == ["manager"]

    def test_every_migration_leaves_a_group_for_each_role(self) -> None:
        Group.objects.all().delete()

        with zeal_ignore():
            for _ in range(2):
                emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

        assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)

    def test_a_database_without_groups_is_left_alone(self) -> None:
        Group.objects.all().delete()

        create_roles(apps=Apps())

        assert not Group.objects.exists()
