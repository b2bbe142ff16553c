"""Users, and the registrations and sessions that belong to them."""

from hashlib import sha256
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel
from apps.users.managers import UserManager

# Quoted and non-ASCII local parts allow several spellings of one mailbox, so one person could open several accounts.
validate_ascii_email = RegexValidator(
    r"\A[!#-?A-~]+@[A-Za-z0-9.-]+\Z",
    "Use an email address without quotes and in ASCII; write an international domain as xn--….",
)


class User(SoftDeleteModel, UUIDModel, AbstractUser):
    """A person, identified by email address. A soft-deleted row stays for foreign keys, without personal data."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True, validators=[validate_ascii_email])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Django's own manager requires a username.
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(SoftDeleteModel.Meta, AbstractUser.Meta):
        constraints = [
            *SoftDeleteModel.Meta.constraints,
            # Makes the unique index case-insensitive, also for rows that bypass the manager.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="users_user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Normalize the email address."""
        super().clean()
        self.email = User.objects.normalize_email(self.email)

    @cached_property
    def roles(self) -> list[str]:
        """The names of the user's groups, sorted. Requests load them together with the user."""
        return list(self.groups.order_by("name").values_list("name", flat=True))

    @property
    def password_fingerprint(self) -> str:
        """A digest of the password hash. It differs after every change of the password."""
        return sha256(self.password.encode()).hexdigest()


class Registration(UUIDModel, TimeStampedModel):
    """A request for an account, until a link in an email confirms the address.

    One address can have several. Each link creates the account with the password of its own registration, so nobody
    can replace a password that another person chose.
    """

    email = models.EmailField(db_index=True)
    # Hashed.
    password = models.CharField(max_length=128)

    def __str__(self) -> str:
        return self.email


class UserSession(UUIDModel):
    """A sign-in on one device, named by the `sid` claim of its tokens. Deleting the row revokes all of them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    # The `jti` claim of the only refresh token that is valid.
    refresh_id = models.CharField(max_length=255)
    # `User.password_fingerprint` when the session started.
    password_fingerprint = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)
