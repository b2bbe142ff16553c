import pytest
from django.apps.registry import Apps
from django.contrib.auth.models import Group
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.users.apps import create_roles


@pytest.mark.django_db
def test_create_roles_skips_a_database_without_groups() -> None:
    Group.objects.all().delete()

    create_roles(apps=Apps())

    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_migrations_can_be_reversed_and_applied_again() -> None:
    executor = MigrationExecutor(connection)
    assert "users_user" in connection.introspection.table_names()

    executor.migrate([("admin", None), ("users", None)])
    assert "users_user" not in connection.introspection.table_names()

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert "users_user" in connection.introspection.table_names()
