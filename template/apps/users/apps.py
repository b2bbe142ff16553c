"""App configuration of accounts."""

from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models.signals import post_migrate


class UsersConfig(AppConfig):
    """Accounts, sessions and roles."""

    name = "apps.users"

    def ready(self) -> None:
        """Create the groups of the roles after every `migrate`."""
        post_migrate.connect(create_roles, sender=self)


def create_roles(apps: Apps = apps, using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Create a group for each role, so that the admin can assign it. Existing groups stay as they are."""
    from apps.users.roles import role_names  # noqa: PLC0415 - the models are not loaded when this module is imported

    # The table does not exist if only some apps are migrated.
    if "group" in apps.all_models.get("auth", {}):
        group = apps.get_model("auth", "Group")
        if router.allow_migrate_model(using, group):
            group.objects.using(using).bulk_create([group(name=name) for name in role_names()], ignore_conflicts=True)
