"""Who may sign in."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel
from apps.users.addresses import validate_plain_address
from apps.users.managers import UserManager


class User(SoftDeleteModel, UUIDModel, AbstractUser):
    """A person, known by their email address.

    Soft-deleted, the row stays for what points at it, and no longer says who it was.
    """

    # The address takes its place.
    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True, validators=[validate_plain_address])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Django's own manager asks for a user name.
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(SoftDeleteModel.Meta, AbstractUser.Meta):
        constraints = [
            *SoftDeleteModel.Meta.constraints,
            # So that unique means unique whatever the case, also for rows that no manager wrote.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="users_user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Bring the address into the form that is stored."""
        super().clean()
        self.email = User.objects.normalize_email(self.email)


class Registration(UUIDModel, TimeStampedModel):
    """Somebody claims an address, which a link in a mail will prove or not. Until then there is no user.

    One address can have several: each link confirms its own, with its own password. So nobody changes the password
    that somebody else will have.
    """

    email = models.EmailField(db_index=True)
    # Hashed, as the user will have it.
    password = models.CharField(max_length=128)

    def __str__(self) -> str:
        return self.email
