"""The app of accounts."""

from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models.signals import post_migrate


class UsersConfig(AppConfig):
    """Accounts and tokens."""

    name = "apps.users"

    def ready(self) -> None:
        """Have a group for each role, in every database that is migrated."""
        post_migrate.connect(create_roles, sender=self)


def create_roles(apps: Apps = apps, using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Make the groups. A receiver of `post_migrate`."""
    from apps.users.services import roles_create  # noqa: PLC0415 - models are not there yet when this module is read

    # Where some apps alone are migrated, groups may have no table.
    has_groups = "group" in apps.all_models.get("auth", {})
    if has_groups and router.allow_migrate_model(using, apps.get_model("auth", "Group")):
        roles_create(using=using)
