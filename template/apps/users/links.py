"""What stands behind the links in our mails: signed, for one purpose, for a time, and good for one use.

What a link carries is `<id>:<time>:<signature>`. A password link's signature also covers the password that it
changes, so it fits no second time; a registration is gone once it is confirmed.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from apps.core.exceptions import DomainError
from apps.users.models import Registration, User

# Mail can take its time; a way to someone's account should not lie around.
REGISTRATION_AGE = timedelta(days=1)
PASSWORD_RESET_AGE = timedelta(hours=1)


class InvalidLinkError(DomainError):
    """A link is wrong, expired, used or not for this."""

    code = "invalid-link"

    def __init__(self) -> None:
        super().__init__("The link is wrong, expired or already used: ask for a new one.")


def registration_link(registration: Registration) -> str:
    """Return the address of the page that confirms a registration."""
    return _link("verify-email", _registration_signer().sign(_encode(registration.pk)))


def registration_of(token: str) -> UUID:
    """Return the id of the registration that a link confirms. Whether it still waits, the database knows.

    Raises:
        InvalidLinkError: The link is wrong, expired or for something else.
    """
    registration_id = _decode(token)
    _check(_registration_signer(), token, REGISTRATION_AGE)
    return registration_id


def password_reset_link(user: User) -> str:
    """Return the address of the page where someone chooses a new password for an account."""
    return _link("reset-password", _password_signer(user).sign(_encode(user.pk)))


def password_reset_user(token: str) -> User:
    """Return whose password a link may change.

    Raises:
        InvalidLinkError: The link is wrong, expired, used or for something else.
    """
    user = User.objects.locked(_decode(token))
    if user is None:
        raise InvalidLinkError
    _check(_password_signer(user), token, PASSWORD_RESET_AGE)
    return user


def _link(page: str, token: str) -> str:
    # Never by the `Host` of a request, which is whatever a caller writes.
    return f"{settings.SITE_URL}/account/{page}/?{urlencode({'token': token}, safe=':')}"


def _registration_signer() -> TimestampSigner:
    return TimestampSigner(salt="apps.users.links.registration")


def _password_signer(user: User) -> TimestampSigner:
    # A new password and another address each end the links made before.
    return TimestampSigner(salt=f"apps.users.links.password-reset:{user.email}:{user.password}")


def _encode(value: UUID) -> str:
    return urlsafe_b64encode(value.bytes).rstrip(b"=").decode()


def _decode(token: str) -> UUID:
    """Return the id that a token claims to be about, before its signature is looked at."""
    try:
        return UUID(bytes=urlsafe_b64decode(token.partition(":")[0] + "=="))
    except ValueError as error:
        raise InvalidLinkError from error


def _check(signer: TimestampSigner, token: str, age: timedelta) -> None:
    try:
        signer.unsign(token, max_age=age)
    except BadSignature as error:
        raise InvalidLinkError from error
