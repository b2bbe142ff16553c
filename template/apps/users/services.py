"""Changing users and their tokens. Each function is one transaction."""

from typing import TypedDict

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from apps.core.exceptions import InvalidTokenError
from apps.core.services import mail_send
from apps.users.models import Role, User


class TokenPair(TypedDict):
    """What a client holds: a short-lived token to call with, a longer one to get the next pair."""

    access: str
    refresh: str


@transaction.atomic
def user_create(*, email: str, password: str | None = None, first_name: str = "", last_name: str = "") -> User:
    """Return a new user, who is welcomed by mail.

    Raises:
        ValueError: The address is empty.
        IntegrityError: The address is taken.
    """
    user = User.objects.create_user(email, password, first_name=first_name, last_name=last_name)
    user_welcome(user=user)
    return user


def user_welcome(*, user: User) -> None:
    """Tell a new user by mail that they have an account."""
    mail_send(recipient=user.email, template="welcome", context={"name": user.get_full_name() or user.email})


@transaction.atomic
def user_update(*, user: User, first_name: str | None = None, last_name: str | None = None) -> User:
    """Change what a user may change of themselves, and return the user. None leaves a field alone."""
    changes = {"first_name": first_name, "last_name": last_name}
    changed = [name for name, value in changes.items() if value is not None and value != getattr(user, name)]
    for name in changed:
        setattr(user, name, changes[name])
    if changed:
        user.save(update_fields=changed)
    return user


@transaction.atomic
def role_assign(*, user: User, role: Role) -> None:
    """Give a user a role. Giving it twice changes nothing."""
    group, _ = Group.objects.get_or_create(name=role.value)
    user.groups.add(group)


@transaction.atomic
def token_refresh(*, refresh: str) -> TokenPair:
    """Trade a refresh token for a new pair, which uses it up.

    Raises:
        InvalidTokenError: The token is wrong, expired or used, its user is gone, or their password has changed.
    """
    token, row = _take_refresh(refresh)
    user = User.objects.filter(outstandingtoken=row, is_active=True).first()
    if user is None or token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        raise InvalidTokenError("The refresh token is no longer valid: sign in again.")
    new = RefreshToken.for_user(user)
    return {"access": str(new.access_token), "refresh": str(new)}


@transaction.atomic
def token_revoke(*, refresh: str) -> None:
    """Use up a refresh token: the device that holds it is signed out once its access token expires.

    Raises:
        InvalidTokenError: The token is wrong, expired or already used.
    """
    _take_refresh(refresh)


def clear_expired() -> None:
    """Delete sessions and tokens that have expired. Running it again changes nothing."""
    call_command("clearsessions")
    call_command("flushexpiredtokens")


def _take_refresh(refresh: str) -> tuple[RefreshToken, OutstandingToken]:
    """Use up a refresh token, and return it with its row.

    Raises:
        InvalidTokenError: The token is wrong, expired or used.
    """
    invalid = InvalidTokenError("The refresh token is wrong, expired or used: sign in again.")
    try:
        # The library takes the text, and is annotated as if it did not.
        token = RefreshToken(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise invalid from error
    # The row is locked, so of several calls with one token all but the first find it used. Whether it is, is
    # asked by a query of its own: a row that was waited for is read anew, what is joined to it is not.
    row = OutstandingToken.objects.select_for_update().filter(jti=token["jti"]).first()
    if row is None or BlacklistedToken.objects.filter(token=row).exists():
        raise invalid
    BlacklistedToken.objects.create(token=row)
    return token, row
