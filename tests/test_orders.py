"""Orders under failures: none is lost, no stock is oversold, and each order is confirmed by one email."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
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

UNITS, ORDERS = 25, 64
RETRIES = 20

# Seconds within which a customer gets a response while Redis is unavailable.
PATIENCE = 2.0

# Seconds after which the broker redelivers a task that was not acknowledged.
VISIBILITY_TIMEOUT = 600

# What beat does every minute. Three times, as if there were several.
SCHEDULED = """
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
    """Return a project with the production dependencies only."""
    return share_environment(render_project({}), PRODUCTION)


def confirmed(database: psycopg.Connection) -> dict[str, bool]:
    """Return for each order id whether its confirmation was written."""
    rows = database.execute("SELECT id, confirmed_at IS NOT NULL FROM orders_order")
    return {str(order_id): is_confirmed for order_id, is_confirmed in rows}


def stock(database: psycopg.Connection) -> int:
    """Return the stock of the product."""
    [[units]] = database.execute("SELECT stock FROM catalog_product")
    return int(units)


def unsent(database: psycopg.Connection) -> int:
    """Return the number of emails in the outbox."""
    [[count]] = database.execute("SELECT count(*) FROM mail_outboxemail")
    return int(count)


def make_orders_older(database: psycopg.Connection) -> None:
    """Make the orders old enough for `orders_confirm_due`."""
    database.execute("UPDATE orders_order SET created_at = created_at - interval '2 minutes'")


@contextmanager
def refusing(_port: int) -> Iterator[None]:
    """Leave the port closed: connections are refused."""
    yield


@contextmanager
def hanging(port: int) -> Iterator[None]:
    """Accept connections on the port, and never respond."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.parametrize("unavailable", [refusing, hanging])
def test_order_is_placed_without_redis_and_confirmed_when_redis_is_back(
    unavailable: Callable[[int], AbstractContextManager[None]],
    project: Project,
    variables: dict[str, str],
    smtp_port: int,
    database: psycopg.Connection,
) -> None:
    # While Redis hangs, the cache and the broker each cost half a second.
    patience = PATIENCE if unavailable is refusing else PATIENCE + 1
    redis_port = free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}"
    variables |= {"REDIS_URL": f"{redis_url}/0", "CELERY_BROKER_URL": f"{redis_url}/1"}
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        with run_redis(project.path.parent / "redis-before", port=redis_port):
            address = processes.enter_context(serve(project, variables, workers=1))
            worker = processes.enter_context(run_worker(project, variables))
            shop = Shop.open(project, variables, database, address, units=UNITS)
            assert shop.order().status_code == httpx.codes.CREATED
            wait_until(lambda: mailbox.recipients() == [CUSTOMER], "email", hopeless=worker.ended)
            wait_until(lambda: not unsent(database), "empty outbox", hopeless=worker.ended)

        with unavailable(redis_port):
            response = shop.order(timeout=patience)
            assert response.status_code == httpx.codes.CREATED, response.text
            assert shop.products(timeout=patience) == [shop.product_id]
        unconfirmed = response.json()["id"]
        assert confirmed(database)[unconfirmed] is False
        assert stock(database) == UNITS - 2

        with run_redis(project.path.parent / "redis-after", port=redis_port), processes.pop_all():
            make_orders_older(database)
            project.python("-c", SCHEDULED, env=variables)
            wait_until(lambda: len(mailbox.messages) > 1, "email", deadline=120, hopeless=worker.ended)
            assert all(confirmed(database).values())
            wait_until(lambda: not unsent(database), "empty outbox", hopeless=worker.ended)
            # The server and the worker have reconnected: the next order needs no schedule.
            assert shop.order().status_code == httpx.codes.CREATED
            wait_until(lambda: len(mailbox.messages) > 2, "email", hopeless=worker.ended)
            wait_until(lambda: not unsent(database), "empty outbox", hopeless=worker.ended)

        # Each order is confirmed once, and nothing is left to confirm.
        make_orders_older(database)
        assert project.python("manage.py", "confirm_orders", env=variables).stdout == "0 confirmed\n"
        assert mailbox.recipients() == [CUSTOMER] * 3
        assert [
            sum(order_id in text_of(message) for message in mailbox.messages) for order_id in confirmed(database)
        ] == [1] * 3


@pytest.mark.parametrize("first", ["schedule", "redelivery"])
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
            psycopg.connect(variables["DATABASE_URL"]) as locker,
            run_worker(project, variables) as worker,
        ):
            locker.execute("SELECT 1 FROM orders_order FOR UPDATE")
            wait_until(lambda: waits_for_an_order(database), "worker that confirms", hopeless=worker.ended)
            # The whole process group, so that nothing can clean up.
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        [(tag, task)] = unacknowledged(broker).items()
        assert task["headers"]["task"] == "apps.orders.tasks.order_confirm_task"
        assert confirmed(database) == {order_id: False}

        def redeliver() -> Callable[[Background], bool]:
            """Let the visibility timeout of the task expire, and return what tells that the task is done."""
            broker.zincrby("unacked_index", -VISIBILITY_TIMEOUT, tag)
            marks = (task["headers"]["id"], "task_succeeded")
            return lambda worker: any(all(mark in line for mark in marks) for line in worker.output().splitlines())

        def schedule() -> Callable[[Background], bool]:
            """Send the scheduled tasks, and return what tells that the order is confirmed."""
            make_orders_older(database)
            project.python("-c", SCHEDULED, env=variables)
            return lambda _: all(confirmed(database).values())

        for recover in [schedule, redeliver] if first == "schedule" else [redeliver, schedule]:
            is_done = recover()
            # A worker redelivers unacknowledged tasks soon after its start, and rarely later.
            with run_worker(project, variables) as worker:
                wait_until(lambda: is_done(worker), "confirmation", hopeless=worker.ended)  # noqa: B023 - called here
                wait_until(lambda: mailbox.messages, "email", hopeless=worker.ended)
                wait_until(lambda: not unsent(database), "empty outbox", hopeless=worker.ended)
            assert confirmed(database) == {order_id: True}
        assert not unacknowledged(broker)

        make_orders_older(database)
        assert project.python("manage.py", "confirm_orders", env=variables).stdout == "0 confirmed\n"
        assert mailbox.recipients() == [CUSTOMER]


def waits_for_an_order(database: psycopg.Connection) -> bool:
    """Return whether a connection waits for the lock of an order."""
    waiting = database.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE 'SELECT %\"orders_order\"%'"
    )
    return waiting.fetchone() is not None


def unacknowledged(broker: "redis.Redis") -> dict[bytes, dict[str, Any]]:
    """Return the messages that workers have received and not acknowledged."""
    held: Any = broker.hgetall("unacked")
    return {tag: json.loads(message)[0] for tag, message in held.items()}


def concurrently(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Make calls at the same time, and return their responses."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def order_in_the_end(shop: Shop) -> httpx.Response:
    """Order, and repeat that while the server refuses it because it is too busy: such a request changes nothing."""

    def order() -> httpx.Response | None:
        response = shop.order()
        return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response

    return wait_until(order, "response of a busy server")


def test_concurrent_requests_place_one_order_per_key_and_never_oversell(
    project: Project, variables: dict[str, str], database: psycopg.Connection
) -> None:
    with serve(project, variables, workers=4) as address:
        shop = Shop.open(project, variables, database, address, units=UNITS + 1)
        retried = concurrently(*[lambda: shop.order(key="key")] * RETRIES)
        other = shop.order(quantity=2, key="key")
        units_left, placed = stock(database), list(confirmed(database))
        ordered = concurrently(*[partial(order_in_the_end, shop)] * ORDERS)

    assert [response.status_code for response in retried] == [httpx.codes.CREATED] * RETRIES
    assert all(response.json() == retried[0].json() for response in retried)
    assert sum("Idempotent-Replayed" in response.headers for response in retried) == RETRIES - 1
    assert placed == [retried[0].json()["id"]]
    assert units_left == UNITS
    assert other.status_code == httpx.codes.UNPROCESSABLE_ENTITY

    statuses = [response.status_code for response in ordered]
    assert {status: statuses.count(status) for status in set(statuses)} == {
        httpx.codes.CREATED: UNITS,
        httpx.codes.CONFLICT: ORDERS - UNITS,
    }
    refused = [response.json()["type"] for response in ordered if response.status_code == httpx.codes.CONFLICT]
    assert set(refused) == {"urn:problem:insufficient-stock"}
    assert len(confirmed(database)) == UNITS + 1
    assert stock(database) == 0
