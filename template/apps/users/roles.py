"""Roles. A role is a Django group with the same name."""

from django.conf import settings
from django.db.models import TextChoices


class Role(TextChoices):
    """The roles of the template. Add yours to `PROJECT_ROLES` in `config/settings/components/project.py`."""

    MANAGER = "manager"


def role_names() -> list[str]:
    """Return the name of every role."""
    return [*Role.values, *getattr(settings, "PROJECT_ROLES", [])]
