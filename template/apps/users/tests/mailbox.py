"""Reading the mail that tests cause."""

import re
from urllib.parse import parse_qs, urlsplit

from zeal import zeal_ignore

from apps.mail.models import OutgoingMail


def last_mail() -> OutgoingMail:
    """Return the mail that was written last, whether or not it is sent."""
    with zeal_ignore():
        return OutgoingMail.objects.latest("id")


def token_in(mail: OutgoingMail) -> str:
    """Return what stands behind `token=` in the link of a mail."""
    [link] = re.findall(r"^https?://\S+$", mail.text, re.MULTILINE)
    return token_of(link)


def token_of(link: str) -> str:
    """Return what stands behind `token=` in a link."""
    [token] = parse_qs(urlsplit(link).query)["token"]
    return token
