"""Reading users."""

from django.db.models import Exists, QuerySet
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from apps.users.models import User
from apps.users.roles import Role
from apps.users.tokens import SESSION_CLAIM


def user_roles(*, user: User) -> list[str]:
    """Return the names of a user's roles, sorted."""
    return list(user.groups.order_by("name").values_list("name", flat=True))


def role_addresses(*, role: Role) -> list[str]:
    """Return the addresses of those who have a role, sorted."""
    return list(
        User.objects.filter(groups__name=role, is_active=True).order_by("email").values_list("email", flat=True)
    )


def user_of_token(*, token: Token) -> User | None:
    """Return who may call with a valid access token, with one query.

    None where the user is gone or inactive, has another password by now, or has ended the session.
    """
    users = User.objects.filter(pk=token["user_id"], is_active=True)
    if session := token.get(SESSION_CLAIM):
        users = users.filter(Exists(live_tokens(session=session)))
    user = users.first()
    return user if user and is_password_of(user=user, token=token) else None


def is_password_of(*, user: User, token: Token) -> bool:
    """Say whether a token was made with the password that its user has now."""
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password))


def live_tokens(*, session: str) -> QuerySet[OutstandingToken]:
    """Return the refresh tokens of a session that are neither used nor revoked: one, or none once it has ended."""
    return OutstandingToken.objects.filter(jti__startswith=session, blacklistedtoken=None)
