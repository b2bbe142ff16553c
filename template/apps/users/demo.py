"""Users for demonstrations, and for tests that need many."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password

from apps.core.models import generate_id
from apps.users.models import User

DEMO_EMAIL = "demo@example.com"
# Not a secret: it is set only if DEBUG is on.
DEMO_PASSWORD = "demo password"  # noqa: S105

BATCH_SIZE = 2000


def users_seed(*, count: int) -> list[UUID]:
    """Create users without a usable password, and return their ids."""
    password = make_password(None)
    users = [User(id=(pk := generate_id()), email=f"{pk}@example.com", password=password) for _ in range(count)]
    User.objects.bulk_create(users, batch_size=BATCH_SIZE)
    return [user.pk for user in users]


def demo_user_create() -> tuple[UUID, bool]:
    """Return the id of the demo user, and whether it was created. In development it can sign in."""
    user = User.objects.filter(email=DEMO_EMAIL).first()
    if user:
        return user.pk, False
    password = DEMO_PASSWORD if settings.DEBUG else None
    return User.objects.create_user(DEMO_EMAIL, password, first_name="Demo").pk, True
