"""What an order can be, and become."""

from collections.abc import Mapping

from django.db.models import TextChoices


class Status(TextChoices):
    """Where an order stands."""

    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


# What each state can become. What is not here, no service does.
NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PAID, Status.CANCELLED}),
    Status.PAID: frozenset({Status.REFUNDED}),
    Status.CANCELLED: frozenset(),
    Status.REFUNDED: frozenset(),
}

# An order that comes to stand here gives its goods back.
ENDED = frozenset({Status.CANCELLED, Status.REFUNDED})
