"""Which email addresses an account can have."""

import re

from django.core.exceptions import ValidationError

# Without quotes and without letters beyond ASCII: one mailbox could be written in many ways, and be many accounts,
# and most mail servers take none of them. An international domain has an ASCII form (RFC 5891).
_PLAIN = re.compile(r"[!#-?A-~]+@[A-Za-z0-9.-]+")


def validate_plain_address(value: str) -> None:
    """Refuse an address that can be written in more than one way.

    Raises:
        ValidationError: It has quotes, spaces or letters beyond ASCII.
    """
    if not _PLAIN.fullmatch(value):
        raise ValidationError(
            "Write the address without quotes and in ASCII letters; an international domain as xn--….", code="invalid"
        )
