"""What orders refuse."""

from http import HTTPStatus

from apps.core.exceptions import ConflictError, DomainError


class OrderStateError(ConflictError):
    """An order cannot become this from where it stands."""

    code = "order-state"


class IdempotencyKeyInvalidError(DomainError):
    """The header holds no key."""

    code = "idempotency-key-invalid"


class IdempotencyKeyReusedError(DomainError):
    """A key that stood for one request came with another."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "idempotency-key-reused"
