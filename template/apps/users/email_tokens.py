"""Signed, single-use, expiring tokens for the links in our emails."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import BadSignature, TimestampSigner

from apps.core.exceptions import DomainError
from apps.users.models import Registration, User

_registration_signer = TimestampSigner(salt="apps.users.email_tokens.registration")


class InvalidLinkError(DomainError):
    """The token of a link is invalid, expired or already used, or was made for another purpose."""

    code = "invalid-link"

    def __init__(self) -> None:
        super().__init__("The link is invalid, expired or already used: ask for a new one.")


def registration_link(registration: Registration) -> str:
    """Return the URL of the page that confirms a registration. Confirming deletes the row, which ends the link."""
    return _link("verify-email", _registration_signer.sign(registration.pk.hex))


def read_registration_token(token: str) -> UUID:
    """Return the id of the registration that a token confirms. The caller checks that the row still exists.

    Raises:
        InvalidLinkError: The token is invalid or expired.
    """
    try:
        return UUID(_registration_signer.unsign(token, max_age=settings.EMAIL_VERIFICATION_TIMEOUT))
    except BadSignature as error:
        raise InvalidLinkError from error


def password_reset_link(user: User) -> str:
    """Return the URL of the page that sets a new password.

    The signature covers the password, the email address and the last login, so a change to any of them invalidates the link.
    """
    return _link("reset-password", f"{user.pk.hex}:{default_token_generator.make_token(user)}")


def read_password_reset_token(token: str) -> User:
    """Lock and return the user whose password a token may reset.

    Raises:
        InvalidLinkError: The token is invalid, expired or already used.
    """
    user_id, _, signature = token.partition(":")
    try:
        user = User.objects.lock_active(UUID(user_id))
    except ValueError as error:
        raise InvalidLinkError from error
    if user is None or not default_token_generator.check_token(user, signature):
        raise InvalidLinkError
    return user


def _link(page: str, token: str) -> str:
    # `SITE_URL`, never the `Host` header of the request: clients choose that header.
    return f"{settings.SITE_URL}/account/{page}/?{urlencode({'token': token}, safe=':')}"
