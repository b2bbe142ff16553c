"""Connections that are killed, locks that are held, queries that take too long: one request fails, and no other."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faults.conftest import Deploy, Production, open_shop, variables_of
from tests.faults.load import READS, load_on
from tests.harness.postgres import Postgres
from tests.harness.redis_server import run_redis
from tests.harness.waiting import wait_until

ENOUGH = 20
# Milliseconds.
STATEMENT_TIMEOUT = 5000
NO_LOCK_TIMEOUT = ("config/settings/components/database.py", "lock_timeout=5000", "lock_timeout=0")
# Of the eight threads that there are.
WAITERS = 3

WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND state = 'active' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a production that has its services."""
    with run_redis(tmp_path / "redis", port=redis_port):
        yield variables_of(postgres, redis_port)


@pytest.fixture
def held(variables: dict[str, str]) -> Iterator[psycopg.Connection]:
    """Give a connection to hold locks with: what it changes is never committed."""
    with psycopg.connect(variables["DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


def hold_the_products(held: psycopg.Connection) -> None:
    """Lock the rows that every order changes and that reads do not lock."""
    held.execute("SELECT 1 FROM catalog_product FOR UPDATE")


def order(production: Production, threads: ThreadPoolExecutor) -> Future[httpx.Response]:
    """Place an order in a thread, and wait until it waits for the lock."""
    with production.connect() as database:
        before = len(database.execute(WAITING).fetchall())
        answer = threads.submit(production.shop.order, timeout=30)
        wait_until(lambda: len(database.execute(WAITING).fetchall()) > before, "order that waits for a lock")
    return answer


def assert_may_try_again(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def assert_serves(production: Production) -> None:
    with load_on(production.shop) as load:
        wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120)
    assert load.failures() == []


def test_killed_connection_fails_one_request(
    variables: dict[str, str], held: psycopg.Connection, deploy: Deploy
) -> None:
    with open_shop(deploy(), variables) as production, ThreadPoolExecutor() as threads:
        hold_the_products(held)
        answer = order(production, threads)
        with load_on(production.shop, kinds=READS) as load, production.connect() as database:
            wait_until(lambda: load.has(5, 0, READS), "load")
            for [pid] in database.execute(WAITING).fetchall():
                database.execute("SELECT pg_terminate_backend(%s)", [pid])
            assert_may_try_again(answer.result())
        assert load.failures() == []
        held.rollback()
        assert_serves(production)


def test_killed_connections_fail_only_the_requests_that_used_them(variables: dict[str, str], deploy: Deploy) -> None:
    rounds, clients = 5, 4
    with open_shop(deploy(), variables) as production:
        with load_on(production.shop, clients=clients) as load:
            for _ in range(rounds):
                now = time.monotonic()
                wait_until(lambda: load.has(2, now), "load")  # noqa: B023 - waited for here
                with production.connect() as database:
                    database.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND state = 'idle' AND pid <> pg_backend_pid()"
                    )
        # Between two queries of one request, a connection looks idle.
        assert {(call.status, call.is_problem) for call in load.failures()} <= {(503, True)}
        assert len(load.failures()) <= rounds * clients
        assert_serves(production)


@pytest.mark.parametrize(("limit", "server"), [("lock", "wsgi"), ("statement", "asgi")])
def test_request_that_waits_too_long_gets_503_and_others_are_served(
    limit: str, server: str, variables: dict[str, str], held: psycopg.Connection, deploy: Deploy
) -> None:
    project = deploy(server=server)
    if limit == "statement":
        variables["DATABASE_STATEMENT_TIMEOUT"] = str(STATEMENT_TIMEOUT)
        project.replace(*NO_LOCK_TIMEOUT)
    with (
        open_shop(project, variables, application=f"config.{server}:application") as production,
        ThreadPoolExecutor() as threads,
    ):
        hold_the_products(held)
        waiting = [order(production, threads) for _ in range(WAITERS)]
        with load_on(production.shop, kinds=READS) as load:
            wait_until(lambda: load.has(5, 0, READS), "load")
            assert not any(answer.done() for answer in waiting)
        assert load.failures() == []
        for answer in waiting:
            assert_may_try_again(answer.result())
        held.rollback()
        assert_serves(production)
