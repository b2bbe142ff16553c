"""People for a demonstration, and for tests that need many."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password

from apps.core.ids import generate_id
from apps.users.models import User

DEMO_EMAIL = "demo@example.com"
# No secret: it is set in development only.
DEMO_PASSWORD = "demo password"  # noqa: S105

# How many rows one statement writes.
_BATCH = 2000


def users_seed(*, count: int) -> list[UUID]:
    """Write users nobody can sign in as, and return their ids."""
    # Made once: nobody has it.
    password = make_password(None)
    users = [User(id=(pk := generate_id()), email=f"{pk}@example.com", password=password) for _ in range(count)]
    User.objects.bulk_create(users, batch_size=_BATCH)
    return [user.pk for user in users]


def demo_user_create() -> tuple[UUID, bool]:
    """Return the id of the demo user, who can sign in in development, and whether they are new."""
    user = User.objects.filter(email=DEMO_EMAIL).first()
    if user:
        return user.pk, False
    password = DEMO_PASSWORD if settings.DEBUG else None
    return User.objects.create_user(DEMO_EMAIL, password, first_name="Demo").pk, True
