"""Domain errors: what services raise when a business rule rejects a request.

Views let them pass; `apps.core.exceptions.problems` turns them into responses.
"""

from http import HTTPStatus
from typing import ClassVar


class DomainError(Exception):
    """A business rule rejects the request. The detail tells the client what happened, and what to do."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    # Becomes the `type` of the problem document. Clients branch on it, so it is part of the API.
    code: ClassVar[str] = "rule-violated"
    # The header `WWW-Authenticate`, which a 401 response must have (RFC 9110, section 15.5.2).
    auth_header: ClassVar[str | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ConflictError(DomainError):
    """The request conflicts with the current state."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class InvalidTokenError(DomainError):
    """A token is invalid, expired, already used or meant for another purpose."""

    status = HTTPStatus.UNAUTHORIZED
    code = "invalid-token"
    auth_header = 'Bearer realm="api"'
