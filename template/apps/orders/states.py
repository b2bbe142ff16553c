"""The status of an order, and the allowed transitions."""

from collections.abc import Mapping

from django.db.models import TextChoices


class Status(TextChoices):
    """The status of an order."""

    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


ALLOWED_TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PAID, Status.CANCELLED}),
    Status.PAID: frozenset({Status.REFUNDED}),
    Status.CANCELLED: frozenset(),
    Status.REFUNDED: frozenset(),
}

# An order that reaches one of these returns its stock.
TERMINAL_STATUSES = frozenset({Status.CANCELLED, Status.REFUNDED})
