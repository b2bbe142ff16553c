"""Reading the mail that tests cause."""

import re

from zeal import zeal_ignore

from apps.mail.models import OutgoingMail


def last_mail() -> OutgoingMail:
    """Return the mail that was written last, whether or not it is sent."""
    with zeal_ignore():
        return OutgoingMail.objects.latest("id")


def token_in(mail: OutgoingMail) -> str:
    """Return what stands behind `token=` in the link of a mail."""
    [token] = re.findall(r"\?token=(\S+)$", mail.text, re.MULTILINE)
    return str(token)
