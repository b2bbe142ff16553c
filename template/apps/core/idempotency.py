"""Run a request once per `Idempotency-Key`, and replay the stored response when the client sends it again.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.exceptions import DomainError
from apps.core.models import IdempotencyKey

# How long a response can be replayed.
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


@dataclass(frozen=True)
class IdempotentResponse:
    """The body of a response, and whether it is replayed."""

    body: dict[str, Any]
    is_replayed: bool


@transaction.atomic
def run_idempotent(
    *, user: AbstractBaseUser, key: str, operation: str, request: object, handler: Callable[[], dict[str, Any]]
) -> IdempotentResponse:
    """Run the handler and store its response under the key, or return the response that is stored.

    All in one transaction: concurrent requests with the same key wait for it, and if the handler fails, nothing is
    stored. Keys belong to a user and to one operation, so a response is never replayed to another.

    Raises:
        IdempotencyKeyInvalidError: The key is not valid.
        IdempotencyKeyReusedError: The key was used for another request.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise IdempotencyKeyInvalidError("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    request_hash = hashlib.sha256(json.dumps([operation, request], sort_keys=True).encode()).hexdigest()
    stored = IdempotencyKey(user_id=user.pk, key=key, request_hash=request_hash, response={})
    try:
        # A concurrent request with the same key waits here.
        with transaction.atomic():
            stored.save(force_insert=True)
    except IntegrityError:
        stored = IdempotencyKey.objects.get(user_id=user.pk, key=key)
        if stored.request_hash != request_hash:
            message = "This Idempotency-Key was used for another request. Send a new key."
            raise IdempotencyKeyReusedError(message) from None
        return IdempotentResponse(stored.response, is_replayed=True)
    stored.response = handler()
    stored.save(update_fields=["response"])
    return IdempotentResponse(stored.response, is_replayed=False)


def idempotency_keys_clear() -> None:
    """Delete the keys that are older than `RETENTION`."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()
