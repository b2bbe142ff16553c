"""Creating, finding and locking users."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import BaseUserManager

from apps.core.models import NotDeletedManager

if TYPE_CHECKING:
    from apps.users.models import User


class UserManager(NotDeletedManager["User"], BaseUserManager["User"]):
    """Users by email address, stored in lower case. Soft-deleted users are left out."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return an email address in its stored form: stripped, in lower case."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with an email address, in any case."""
        return super().get_by_natural_key(self.normalize_email(username))

    def lock_active(self, pk: UUID | str) -> "User | None":
        """Lock the row of an active user until the transaction ends, and return it as it is now, or None."""
        return self.select_for_update(no_key=True).filter(pk=pk, is_active=True).first()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save and return a new user. Without a password the user cannot sign in.

        Raises:
            ValueError: The email address is empty.
        """
        if not self.normalize_email(email):
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save and return a new user with all permissions."""
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)
