"""Helpers to read the emails that a test causes."""

import re
from urllib.parse import parse_qs, urlsplit

from zeal import zeal_ignore

from apps.mail.models import OutboxEmail


def last_email() -> OutboxEmail:
    """Return the newest email in the outbox."""
    with zeal_ignore():
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
