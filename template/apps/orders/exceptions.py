"""What orders refuse."""

from apps.core.exceptions import ConflictError


class OrderStateError(ConflictError):
    """An order cannot become this from where it stands."""

    code = "order-state"
