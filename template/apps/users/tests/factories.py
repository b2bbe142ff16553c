"""Factories for users."""

from factory.declarations import Sequence
from factory.django import DjangoModelFactory, Password

from apps.users.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    """A user whose password is `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person{number}@example.com")
    first_name = "Ada"
    last_name = "Lovelace"
    password = Password(PASSWORD)
