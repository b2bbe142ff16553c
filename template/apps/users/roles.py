"""What a user can be to the project."""

from django.db.models import TextChoices


class Role(TextChoices):
    """A role is a group of that name, so the admin can give it, and give it permissions."""

    MANAGER = "manager"
