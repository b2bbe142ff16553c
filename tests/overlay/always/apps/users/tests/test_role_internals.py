import pytest
from django.contrib.auth.models import Group
from django.core.management.sql import emit_post_migrate_signal
from pytest_django import Settings

from apps.users.roles import role_names

pytestmark = pytest.mark.django_db


def test_migrate_creates_a_group_for_each_role(settings: Settings) -> None:
    settings.PROJECT_ROLES = ["auditor"]
    Group.objects.all().delete()

    for _ in range(2):
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    assert set(Group.objects.values_list("name", flat=True)) == set(role_names())
