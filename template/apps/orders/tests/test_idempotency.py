from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.core.exceptions import ConflictError
from apps.orders.exceptions import IdempotencyKeyInvalidError, IdempotencyKeyReusedError
from apps.orders.idempotency import Answer, answer_once, idempotency_keys_clear
from apps.orders.models import IdempotencyKey, Order
from apps.orders.tests.factories import IdempotencyKeyFactory
from apps.orders.tests.goods import goods
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import at_once, impatient


class Counter:
    """Counts, and answers with the count."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, int]:
        self.count += 1
        return {"count": self.count}


@pytest.mark.django_db
def test_a_request_that_comes_again_gets_the_same_answer_and_nothing_is_done(user: User) -> None:
    act = Counter()

    answers = [answer_once(customer=user, key="one", request={"a": 1, "b": 2}, act=act) for _ in range(2)]

    assert answers == [Answer({"count": 1}, is_repeated=False), Answer({"count": 1}, is_repeated=True)]
    assert act.count == 1


@pytest.mark.django_db
def test_the_order_of_names_in_a_body_says_nothing(user: User) -> None:
    act = Counter()
    answer_once(customer=user, key="one", request={"a": 1, "b": 2}, act=act)

    assert answer_once(customer=user, key="one", request={"b": 2, "a": 1}, act=act).is_repeated


@pytest.mark.django_db
def test_a_key_stands_for_one_request(user: User) -> None:
    act = Counter()
    answer_once(customer=user, key="one", request={"a": 1}, act=act)

    with pytest.raises(IdempotencyKeyReusedError):
        answer_once(customer=user, key="one", request={"a": 2}, act=act)
    assert act.count == 1


@pytest.mark.django_db
def test_customers_do_not_share_keys(user: User) -> None:
    act = Counter()
    customers = [user, UserFactory.create()]

    with zeal_ignore():
        first, again = (
            [answer_once(customer=customer, key="one", request={}, act=act) for customer in customers] for _ in range(2)
        )

    assert first == [Answer({"count": 1}, is_repeated=False), Answer({"count": 2}, is_repeated=False)]
    assert again == [Answer({"count": 1}, is_repeated=True), Answer({"count": 2}, is_repeated=True)]


@pytest.mark.django_db
def test_a_request_that_is_refused_can_be_sent_again(user: User) -> None:
    def refuse() -> dict[str, int]:
        raise ConflictError("Not now.")

    with pytest.raises(ConflictError):
        answer_once(customer=user, key="one", request={}, act=refuse)

    assert not IdempotencyKey.objects.exists()
    assert not answer_once(customer=user, key="one", request={}, act=Counter()).is_repeated


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "schlüssel", "one\n"])
def test_what_is_no_key_is_refused(user: User, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalidError):
        answer_once(customer=user, key=key, request={}, act=Counter())


@pytest.mark.django_db
def test_answers_are_forgotten_after_a_day() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=2), tick=False):
        old = IdempotencyKeyFactory.create(created_at=timezone.now())
    kept = IdempotencyKeyFactory.create()

    assert idempotency_keys_clear() == 1
    assert list(IdempotencyKey.objects.all()) == [kept]
    assert old.key != kept.key


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_for_the_first_answer_or_for_the_goods_may_ask_again_and_is_answered_then() -> None:
    user, lamp = UserFactory.create(), goods()

    def order() -> int:
        client = APIClient()
        client.force_authenticate(user)
        body = {"items": [{"product_id": str(lamp), "quantity": 1}]}
        with impatient():
            return client.post("/api/v1/orders/", body, headers={"Idempotency-Key": "once"}).status_code

    with transaction.atomic():
        # Another request with the key that never comes to an end.
        IdempotencyKeyFactory.create(customer=user, key="once")
        assert at_once(order) == [503]
        transaction.set_rollback(True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order")
        assert at_once(order) == [503]

    assert not IdempotencyKey.objects.exists()
    assert at_once(order) == [201]


@pytest.mark.django_db(transaction=True)
def test_of_twenty_orders_at_once_under_one_key_one_is_placed(rates: dict[str, str]) -> None:
    user, lamp = UserFactory.create(), goods()
    body = {"items": [{"product_id": str(lamp), "quantity": 1}]}

    def order() -> tuple[int, str, str | None]:
        client = APIClient()
        client.force_authenticate(user)
        response = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": "once"})
        return response.status_code, response.json()["id"], response.get("Idempotent-Replayed")

    answers = at_once(*[order] * 20)

    [placed] = Order.objects.values_list("pk", flat=True)
    assert sorted(answers, key=str) == sorted([(201, str(placed), None)] + [(201, str(placed), "true")] * 19, key=str)
