"""Reading users."""

from apps.users.models import User


def user_roles(*, user: User) -> list[str]:
    """Return the names of a user's roles, sorted."""
    return list(user.groups.order_by("name").values_list("name", flat=True))
