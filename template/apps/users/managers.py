"""How users are made and found."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import BaseUserManager

from apps.core.models import ActiveManager

if TYPE_CHECKING:
    from apps.users.models import User


class UserManager(ActiveManager["User"], BaseUserManager["User"]):
    """Users are known by their email address, which is kept in lower case. Those who deleted themselves are not seen."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address as it is stored: without outer spaces, in lower case."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with an address, however it is written."""
        return super().get_by_natural_key(self.normalize_email(username))

    def locked(self, pk: UUID | str) -> "User | None":
        """Return an active user as they are now, whom nobody else changes until the transaction ends, or None."""
        return self.select_for_update(no_key=True).filter(pk=pk, is_active=True).first()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Return a new, saved user. Without a password nobody can sign in as them.

        Raises:
            ValueError: The address is empty.
        """
        if not self.normalize_email(email):
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Return a new, saved user who may do everything."""
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)
