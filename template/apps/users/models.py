"""Who may sign in."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.models import UUIDModel
from apps.users.managers import UserManager


class Role(models.TextChoices):
    """What a user is to the project. A role is a group of that name, so the admin can give it permissions."""

    MANAGER = "manager"


class User(UUIDModel, AbstractUser):
    """A person, known by their email address."""

    # The address takes its place.
    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Django's own manager asks for a user name.
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        constraints = [
            # So that unique means unique whatever the case, also for rows that no manager wrote.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="users_user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Bring the address into the form that is stored."""
        super().clean()
        self.email = User.objects.normalize_email(self.email)
