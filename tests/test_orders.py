"""Orders outlast what they need: none is lost, none is sold twice, and each customer is mailed once."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
import redis

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.mail import run_smtp, text_of
from tests.harness.ports import free_port
from tests.harness.processes import Background
from tests.harness.project import Project
from tests.harness.redis_server import run_redis
from tests.harness.serving import run_worker, serve
from tests.harness.shop import CUSTOMER, Shop
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.served

UNITS, WANTED = 25, 64
REPEATED = 20

# Seconds within which a customer gets a response, whatever is unavailable.
PATIENCE = 2.0

# Seconds after which the broker redelivers unacknowledged messages.
VISIBILITY_TIMEOUT = 600

# As beat does every minute; more than once, as it happens when there are several.
SWEEP = """
import django
django.setup()
from apps.mail.tasks import mail_deliver_due_task
from apps.orders.tasks import orders_confirm_due_task
for _ in range(3):
    orders_confirm_due_task.delay()
    mail_deliver_due_task.delay()
"""


@pytest.fixture
def project(render_project: Render) -> Project:
    """Give a project with the production dependencies alone."""
    return share_environment(render_project({}), PRODUCTION)


def confirmed(database: psycopg.Connection) -> dict[str, bool]:
    """Return the orders by their ids, and whether the mail that confirms each was written."""
    rows = database.execute("SELECT id, confirmed_at IS NOT NULL FROM orders_order")
    return {str(order_id): is_confirmed for order_id, is_confirmed in rows}


def stock(database: psycopg.Connection) -> int:
    """Return how many are left."""
    [[left]] = database.execute("SELECT stock FROM catalog_product")
    return int(left)


def unsent(database: psycopg.Connection) -> int:
    """Return how many mails still have to be sent."""
    [[count]] = database.execute("SELECT count(*) FROM mail_outboxemail")
    return int(count)


def let_a_minute_pass(database: psycopg.Connection) -> None:
    """Make the orders old enough for the task that looks for unconfirmed orders."""
    database.execute("UPDATE orders_order SET created_at = created_at - interval '2 minutes'")


@contextmanager
def gone(_port: int) -> Iterator[None]:
    """Leave a port closed, so that connections are refused."""
    yield


@contextmanager
def hanging(port: int) -> Iterator[None]:
    """Take connections at a port, and never answer."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.parametrize("away", [gone, hanging])
def test_order_is_placed_without_redis_and_confirmed_when_redis_is_back(
    away: Callable[[int], AbstractContextManager[None]],
    project: Project,
    variables: dict[str, str],
    smtp_port: int,
    database: psycopg.Connection,
) -> None:
    # Of one that hangs, the cache and the broker are waited for, a second in all.
    patience = PATIENCE if away is gone else PATIENCE + 1
    redis_port = free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}"
    variables |= {"REDIS_URL": f"{redis_url}/0", "CELERY_BROKER_URL": f"{redis_url}/1"}
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        with run_redis(project.path.parent / "redis-before", port=redis_port):
            address = processes.enter_context(serve(project, variables, workers=1))
            worker = processes.enter_context(run_worker(project, variables))
            shop = Shop.open(project, variables, database, address, units=UNITS)
            assert shop.order().status_code == httpx.codes.CREATED
            wait_until(lambda: mailbox.recipients() == [CUSTOMER], "mail", hopeless=worker.ended)
            wait_until(lambda: not unsent(database), "note that it was sent", hopeless=worker.ended)

        # Neither the cache nor the broker responds.
        with away(redis_port):
            answer = shop.order(timeout=patience)
            assert answer.status_code == httpx.codes.CREATED, answer.text
            assert shop.products(timeout=patience) == [shop.product_id]
        forgotten = answer.json()["id"]
        assert confirmed(database)[forgotten] is False
        assert stock(database) == UNITS - 2

        with run_redis(project.path.parent / "redis-after", port=redis_port), processes.pop_all():
            let_a_minute_pass(database)
            project.python("-c", SWEEP, env=variables)
            wait_until(lambda: len(mailbox.messages) > 1, "mail", deadline=120, hopeless=worker.ended)
            assert all(confirmed(database).values())
            wait_until(lambda: not unsent(database), "note that it was sent", hopeless=worker.ended)
            # Who was without the broker has found it again, and needs no sweep.
            assert shop.order().status_code == httpx.codes.CREATED
            wait_until(lambda: len(mailbox.messages) > 2, "mail", hopeless=worker.ended)
            wait_until(lambda: not unsent(database), "note that it was sent", hopeless=worker.ended)

        # Each customer got one email, and no email is left in the outbox.
        let_a_minute_pass(database)
        assert project.python("manage.py", "confirm_orders", env=variables).stdout == "0 confirmed\n"
        assert mailbox.recipients() == [CUSTOMER] * 3
        assert [
            sum(order_id in text_of(message) for message in mailbox.messages) for order_id in confirmed(database)
        ] == [1] * 3


@pytest.mark.parametrize("first", ["the sweep", "redelivery"])
def test_worker_killed_during_confirmation_loses_no_order_and_sends_no_email_twice(
    first: str,
    project: Project,
    variables: dict[str, str],
    smtp_port: int,
    database: psycopg.Connection,
) -> None:
    with (
        run_smtp(smtp_port) as mailbox,
        redis.Redis.from_url(variables["CELERY_BROKER_URL"]) as broker,
        serve(project, variables) as address,
    ):
        shop = Shop.open(project, variables, database, address, units=UNITS)
        order_id = shop.order().json()["id"]

        with (
            psycopg.connect(variables["DATABASE_URL"]) as holder,
            run_worker(project, variables) as worker,
        ):
            holder.execute("SELECT 1 FROM orders_order FOR UPDATE")
            wait_until(lambda: waits_for_an_order(database), "worker that confirms", hopeless=worker.ended)
            # With its pool processes, which confirm orders, and without cleanup.
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        # It never said that it was done.
        [(tag, task)] = in_hand(broker).items()
        assert task["headers"]["task"] == "apps.orders.tasks.order_confirm_task"
        assert confirmed(database) == {order_id: False}

        def let_it_be_redelivered() -> Callable[[Background], bool]:
            """Have the broker redeliver the task, and return a function that tells whether it is done."""
            broker.zincrby("unacked_index", -VISIBILITY_TIMEOUT, tag)
            marks = (task["headers"]["id"], "task_succeeded")
            return lambda worker: any(all(mark in line for mark in marks) for line in worker.output().splitlines())

        def look_for_the_unconfirmed() -> Callable[[Background], bool]:
            """Send the task of the schedule, and return a function that tells whether it is done."""
            let_a_minute_pass(database)
            project.python("-c", SWEEP, env=variables)
            return lambda _: all(confirmed(database).values())

        finders = [look_for_the_unconfirmed, let_it_be_redelivered]
        for find in finders if first == "the sweep" else reversed(finders):
            is_done = find()
            # A worker looks for what was never acknowledged soon after it started, and rarely from then on.
            with run_worker(project, variables) as worker:
                wait_until(lambda: is_done(worker), "confirmation", hopeless=worker.ended)  # noqa: B023 - called here
                wait_until(lambda: mailbox.messages, "mail", hopeless=worker.ended)
                wait_until(lambda: not unsent(database), "note that it was sent", hopeless=worker.ended)
            assert confirmed(database) == {order_id: True}
        assert not in_hand(broker)

        let_a_minute_pass(database)
        assert project.python("manage.py", "confirm_orders", env=variables).stdout == "0 confirmed\n"
        assert mailbox.recipients() == [CUSTOMER]


def waits_for_an_order(database: psycopg.Connection) -> bool:
    """Return whether a query waits for the row of an order."""
    waiting = database.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE 'SELECT %\"orders_order\"%'"
    )
    return waiting.fetchone() is not None


def in_hand(broker: "redis.Redis") -> dict[bytes, dict[str, Any]]:
    """Return the messages that workers took and have not acknowledged."""
    held: Any = broker.hgetall("unacked")
    return {tag: json.loads(message)[0] for tag, message in held.items()}


def at_once(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Make calls at the same time, and return their answers."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def test_64_concurrent_orders_of_25_units_sell_exactly_25(
    project: Project, variables: dict[str, str], database: psycopg.Connection
) -> None:
    with serve(project, variables, workers=4) as address:
        shop = Shop.open(project, variables, database, address, units=UNITS)
        answers = at_once(*[shop.order] * WANTED)

    statuses = [answer.status_code for answer in answers]
    assert {status: statuses.count(status) for status in set(statuses)} == {
        httpx.codes.CREATED: UNITS,
        httpx.codes.CONFLICT: WANTED - UNITS,
    }
    refused = [answer.json()["type"] for answer in answers if answer.status_code == httpx.codes.CONFLICT]
    assert set(refused) == {"urn:problem:insufficient-stock"}
    assert len(confirmed(database)) == UNITS
    assert stock(database) == 0


def test_20_concurrent_requests_with_one_idempotency_key_place_one_order(
    project: Project, variables: dict[str, str], database: psycopg.Connection
) -> None:
    with serve(project, variables, workers=4) as address:
        shop = Shop.open(project, variables, database, address, units=UNITS)
        answers = at_once(*[lambda: shop.order(key="the-only-one")] * REPEATED)
        other = shop.order(quantity=2, key="the-only-one")

    assert [answer.status_code for answer in answers] == [httpx.codes.CREATED] * REPEATED
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == REPEATED - 1
    assert list(confirmed(database)) == [answers[0].json()["id"]]
    assert stock(database) == UNITS - 1
    # A key is for one request.
    assert other.status_code == httpx.codes.UNPROCESSABLE_ENTITY
