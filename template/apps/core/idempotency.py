"""Run a request once per `Idempotency-Key`, and replay the stored response when the client sends it again.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from apps.core.exceptions import DomainError
from apps.core.models import IdempotencyKey, generate_id

# A response can be replayed for at least this long.
RETENTION = timedelta(days=1)
# Visible ASCII characters, as many as the column holds.
KEY_PATTERN = "^[!-~]{1,255}$"


class IdempotencyKeyInvalidError(DomainError):
    """The header does not hold a valid key."""

    code = "idempotency-key-invalid"


class IdempotencyKeyReusedError(DomainError):
    """The key was used for another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "idempotency-key-reused"


class IdempotentResponse(NamedTuple):
    """The body of a response, and whether it is replayed."""

    body: dict[str, Any]
    is_replayed: bool


@transaction.atomic
def run_idempotent(
    *, user: AbstractBaseUser, key: str, operation: str, request: object, handler: Callable[[], dict[str, Any]]
) -> IdempotentResponse:
    """Run the handler and store its response under the key, or return the response that is stored.

    All in one transaction: if the handler fails, nothing is stored. A key is unique per user: with another operation or
    another body, it is refused.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise IdempotencyKeyInvalidError("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    request_hash = hashlib.sha256(json.dumps([operation, request], sort_keys=True).encode()).hexdigest()
    keys = IdempotencyKey.objects.filter(user_id=user.pk, key=key)
    with connection.cursor() as cursor:
        # Waits for the end of a concurrent request with the same key. `bulk_create` does not say what it has inserted.
        cursor.execute(
            "INSERT INTO core_idempotencykey (id, user_id, key, request_hash, response) VALUES (%s, %s, %s, %s, '{}')"
            " ON CONFLICT DO NOTHING",
            [generate_id(), user.pk, key, request_hash],
        )
        is_new = cursor.rowcount == 1
    if is_new:
        response = handler()
        keys.update(response=response)
        return IdempotentResponse(response, is_replayed=False)
    stored = keys.get()
    if stored.request_hash != request_hash:
        raise IdempotencyKeyReusedError("This Idempotency-Key was used for another request. Send a new key.")
    return IdempotentResponse(stored.response, is_replayed=True)


def idempotency_keys_clear() -> None:
    """Delete the keys that are older than `RETENTION`."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()
