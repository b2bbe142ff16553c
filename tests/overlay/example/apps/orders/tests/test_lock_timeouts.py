"""A request that cannot get a lock is answered with 503, stores nothing, and can be sent again."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from apps.core.models import IdempotencyKey
from apps.orders.tests.products import product
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import run_in_parallel, short_lock_timeout

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place() -> Callable[[], int]:
    """Return a function that orders with a key, waits 20 ms for locks, and returns the status."""
    user, body = UserFactory.create(), {"items": [{"product_id": str(product()), "quantity": 1}]}

    def place() -> int:
        client = APIClient()
        client.force_authenticate(user)
        with short_lock_timeout():
            return client.post("/api/v1/orders/", body, headers={"Idempotency-Key": "key"}).status_code

    return place


def test_request_waits_for_the_key_until_the_lock_timeout(place: Callable[[], int]) -> None:
    with transaction.atomic():
        IdempotencyKey.objects.create(user=User.objects.get(), key="key", request_hash="", response={})
        assert run_in_parallel(place) == [503]
        transaction.set_rollback(True)

    assert run_in_parallel(place) == [201]


def test_request_that_fails_after_the_key_was_stored_removes_it(place: Callable[[], int]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order")
        assert run_in_parallel(place) == [503]

    assert not IdempotencyKey.objects.exists()
    assert run_in_parallel(place) == [201]
