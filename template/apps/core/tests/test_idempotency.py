from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.exceptions import ConflictError
from apps.core.idempotency import (
    RETENTION,
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
    IdempotentResponse,
    idempotency_keys_clear,
    run_idempotent,
)
from apps.core.models import IdempotencyKey
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db

Handler = Callable[[], dict[str, Any]]


@pytest.fixture
def handler() -> Handler:
    """Return a handler whose response says how often it was called."""
    counter = iter(range(1, 100))
    return lambda: {"count": next(counter)}


def run(
    user: User, handler: Handler, *, key: str = "key", operation: str = "pay", **body: object
) -> IdempotentResponse:
    return run_idempotent(user=user, key=key, operation=operation, request=body, handler=handler)


def test_retried_request_gets_the_stored_response(user: User, handler: Handler) -> None:
    assert run(user, handler, a=1, b=2) == IdempotentResponse({"count": 1}, is_replayed=False)
    assert run(user, handler, b=2, a=1) == IdempotentResponse({"count": 1}, is_replayed=True)
    assert str(IdempotencyKey.objects.get()) == "key"


@pytest.mark.parametrize("changed", [{"a": 2}, {"a": 1, "operation": "refund"}])
def test_key_of_another_request_is_refused(user: User, handler: Handler, changed: dict[str, Any]) -> None:
    run(user, handler, a=1)

    with pytest.raises(IdempotencyKeyReusedError):
        run(user, handler, **changed)


def test_response_is_not_replayed_to_another_user(user: User, handler: Handler) -> None:
    run(user, handler)

    assert run(UserFactory.create(), handler) == IdempotentResponse({"count": 2}, is_replayed=False)
    assert run(user, handler) == IdempotentResponse({"count": 1}, is_replayed=True)


def test_failed_request_can_be_retried(user: User, handler: Handler) -> None:
    def fail() -> dict[str, Any]:
        raise ConflictError("Not now.")

    with pytest.raises(ConflictError):
        run(user, fail)

    assert not run(user, handler).is_replayed


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "schlüssel", "key\n"])
def test_invalid_key_is_refused(user: User, handler: Handler, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalidError):
        run(user, handler, key=key)


@pytest.mark.django_db(transaction=True)
def test_handler_runs_once_for_twenty_concurrent_requests(handler: Handler) -> None:
    user = UserFactory.create()

    responses = run_in_parallel(*[lambda: run(user, handler)] * 20)

    assert [response for response in responses if response != IdempotentResponse({"count": 1}, is_replayed=True)] == [
        IdempotentResponse({"count": 1}, is_replayed=False)
    ]


def test_expired_keys_are_deleted(user: User, handler: Handler) -> None:
    run(user, handler, key="new")
    run(user, handler, key="old")
    IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - RETENTION - timedelta(seconds=1))

    idempotency_keys_clear()

    assert IdempotencyKey.objects.get().key == "new"
