"""Answering a request that is sent again as it was answered before.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.orders.exceptions import IdempotencyKeyInvalidError, IdempotencyKeyReusedError
from apps.orders.models import IdempotencyKey

if TYPE_CHECKING:
    from apps.users.models import User

# How long an answer is kept. Who has not heard of the first by then will not ask again.
KEPT_FOR = timedelta(days=1)
# Visible ASCII, as long as the column.
KEY_PATTERN = "^[!-~]{1,255}$"


@dataclass(frozen=True)
class Answer:
    """What a request is answered.

    Attributes:
        body: What is sent, as JSON has it.
        is_repeated: Whether the request was answered before, and nothing was done now.
    """

    body: Mapping[str, Any]
    is_repeated: bool


@transaction.atomic
def answer_once(*, customer: "User", key: str, request: object, act: Callable[[], Mapping[str, Any]]) -> Answer:
    """Act on a request and keep the answer, or return the answer that was kept.

    What is done and that it was done are one transaction: of several requests with one key at once, one acts, and
    the others wait for its answer, as long as the database lets them wait for a lock. A request that fails, be it for
    that, keeps nothing, so that it can be sent again.

    Args:
        customer: Whose key it is: customers do not share keys.
        key: What the caller calls the request.
        request: What is asked for, as JSON has it.
        act: Does it, and returns the answer.

    Raises:
        IdempotencyKeyInvalidError: The key is no key.
        IdempotencyKeyReusedError: The key stood for another request.
        OperationalError: Another request with the key takes longer than one waits for a lock.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise IdempotencyKeyInvalidError("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    fingerprint = _fingerprint(request)
    claim = IdempotencyKey(customer=customer, key=key, fingerprint=fingerprint, answer={})
    try:
        # Whoever comes second waits here until the first has committed.
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        kept = IdempotencyKey.objects.get(customer=customer, key=key)
        if kept.fingerprint != fingerprint:
            raise IdempotencyKeyReusedError(
                "This Idempotency-Key came with another request: take a new key for a new request."
            ) from None
        return Answer(kept.answer, is_repeated=True)
    claim.answer = act()
    claim.save(update_fields=["answer"])
    return Answer(claim.answer, is_repeated=False)


def idempotency_keys_clear() -> int:
    """Delete the answers that nobody asks for any more, and return how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return deleted


def _fingerprint(request: object) -> str:
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
