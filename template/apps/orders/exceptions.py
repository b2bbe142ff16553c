"""Errors of orders."""

from apps.core.exceptions import ConflictError


class OrderStateError(ConflictError):
    """The status of the order does not allow this transition."""

    code = "order-state"
