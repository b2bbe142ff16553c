"""Queries about users."""

from uuid import UUID

from rest_framework_simplejwt.tokens import Token

from apps.users.models import User
from apps.users.tokens import SESSION_CLAIM

# Every authenticated request runs it. As SQL, because Django takes longer to build the query than PostgreSQL to run it.
_USER_OF_SESSION = """
SELECT users_user.*,
    users_usersession.password_fingerprint AS session_fingerprint,
    ARRAY(
        SELECT name FROM auth_group JOIN users_user_groups ON group_id = auth_group.id
        WHERE user_id = users_user.id ORDER BY name
    ) AS roles
FROM users_usersession JOIN users_user ON users_user.id = users_usersession.user_id
WHERE users_usersession.id = %s AND users_user.is_active AND NOT users_user.is_deleted
"""


def role_emails(*, role: str) -> list[str]:
    """Return the email addresses of the active users with a role, sorted."""
    return list(
        User.objects.filter(groups__name=role, is_active=True).order_by("email").values_list("email", flat=True)
    )


def user_of_token(*, token: Token) -> User | None:
    """Return the user of a valid token, with the roles, in one query.

    None if the session was revoked, the user is inactive or deleted, or the password has changed since the sign-in.
    """
    try:
        session_id = UUID(str(token.get(SESSION_CLAIM)))
    except ValueError:
        return None
    user = next(iter(User.all_objects.raw(_USER_OF_SESSION, [session_id])), None)
    return user if user and user.session_fingerprint == user.password_fingerprint else None  # type: ignore[attr-defined]
