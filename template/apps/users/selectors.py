"""Queries about users."""

from django.db.models import F
from rest_framework_simplejwt.tokens import Token

from apps.users.models import User
from apps.users.tokens import SESSION_CLAIM


def user_roles(*, user: User) -> list[str]:
    """Return the names of a user's roles, sorted."""
    return list(user.groups.order_by("name").values_list("name", flat=True))


def role_emails(*, role: str) -> list[str]:
    """Return the email addresses of the active users with a role, sorted."""
    return list(
        User.objects.filter(groups__name=role, is_active=True).order_by("email").values_list("email", flat=True)
    )


def user_of_token(*, token: Token) -> User | None:
    """Return the user of a valid token, in one query.

    None if the session was revoked, the user is inactive or deleted, or the password has changed since the sign-in.
    """
    users = User.objects.filter(sessions=token.get(SESSION_CLAIM), is_active=True)
    user = users.annotate(session_fingerprint=F("sessions__password_fingerprint")).first()
    return user if user and user.session_fingerprint == user.password_fingerprint else None
