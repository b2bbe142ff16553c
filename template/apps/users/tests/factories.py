"""Factories for users."""

import re
from urllib.parse import parse_qs, urlsplit

from factory.declarations import Sequence
from factory.django import DjangoModelFactory, Password

from apps.mail.models import OutboxEmail
from apps.users.models import User

# They satisfy the usual complexity rules, too.
PASSWORD, NEW_PASSWORD = "Correct-Horse-7-Battery", "Another-Staple-8-Saddle"


class UserFactory(DjangoModelFactory[User]):
    """A user whose password is `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person{number}@example.com")
    first_name = "Ada"
    last_name = "Lovelace"
    password = Password(PASSWORD)


def last_email() -> OutboxEmail:
    """Return the newest email in the outbox."""
    return OutboxEmail.objects.latest("id")


def link_in(email: OutboxEmail) -> str:
    """Return the link in an email."""
    [link] = re.findall(r"^https?://\S+$", email.text, re.MULTILINE)
    return str(link)


def token_in(email: OutboxEmail) -> str:
    """Return the token of the link in an email."""
    return token_of(link_in(email))


def token_of(link: str) -> str:
    """Return the token of a link."""
    [token] = parse_qs(urlsplit(link).query)["token"]
    return token
