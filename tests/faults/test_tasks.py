"""Workers and beat are killed, and the broker loses its messages: each task takes effect exactly once."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
import redis

from tests.faults.conftest import Deploy, StartRedis, open_shop, variables_of, worker_that_is_held_up
from tests.faults.load import Load, load_on
from tests.harness.mail import run_smtp, text_of
from tests.harness.postgres import Postgres
from tests.harness.processes import Background
from tests.harness.serving import run_beat, run_worker
from tests.harness.waiting import wait_until

ENOUGH = 10
QUEUES = ("critical", "default", "bulk")

# The schedule of the project, faster.
HURRY = """
from datetime import timedelta
from config.settings.components.celery import CELERY_BEAT_SCHEDULE

for name in ("deliver-due-mail", "confirm-orders"):
    CELERY_BEAT_SCHEDULE[name]["schedule"] = timedelta(seconds=2)
"""

# Make orders old enough for the schedule, and emails due for another attempt.
A_MINUTE_PASSES = (
    "UPDATE orders_order SET created_at = created_at - interval '2 minutes' WHERE confirmed_at IS NULL",
    "UPDATE mail_outboxemail SET retry_at = now() WHERE sending_started_at IS NULL AND retry_at > now()",
)
# What is left to do. An email that a killed process was sending is not sent again automatically.
LEFT = (
    "SELECT 1 FROM orders_order WHERE confirmed_at IS NULL"
    " UNION ALL SELECT 1 FROM mail_outboxemail WHERE sending_started_at IS NULL"
)


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, smtp_port: int) -> dict[str, str]:
    """Give the variables of a production whose broker is not there yet."""
    return variables_of(postgres, redis_port, smtp_port)


@pytest.fixture
def database(variables: dict[str, str]) -> Iterator[psycopg.Connection]:
    """Give a connection to the database of that production."""
    with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def kill(process: Background) -> None:
    """End a process and its children, with no time to tidy up."""
    os.killpg(process.process.pid, signal.SIGKILL)
    process.process.wait()


def left_with(broker: redis.Redis) -> int:
    """Return how many messages a broker has, those included that a worker has and has not acknowledged."""
    return broker.hlen("unacked") + sum(broker.llen(queue) for queue in QUEUES)


def wait_for_orders(load: Load) -> None:
    """Wait until some more have been placed."""
    now = time.monotonic()
    wait_until(lambda: len(load.since(now, "order")) >= ENOUGH, "orders", deadline=120)


def test_killed_worker_killed_beat_and_lost_messages_confirm_each_order_once(
    variables: dict[str, str],
    start_redis: StartRedis,
    smtp_port: int,
    database: psycopg.Connection,
    deploy: Deploy,
) -> None:
    project = deploy(HURRY)
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes, ExitStack() as clients:
        with start_redis():
            production = processes.enter_context(open_shop(project, variables))
            load = clients.enter_context(load_on(production.shop))
            for number in range(2):
                worker = processes.enter_context(run_worker(project, variables, number))
                beat = processes.enter_context(run_beat(project, variables, number))
                wait_for_orders(load)
                if number == 0:
                    kill(worker)
                    wait_for_orders(load)
                    kill(beat)
                    wait_for_orders(load)
        # All that waited there is gone.
        wait_for_orders(load)
        with start_redis(), processes.pop_all():
            wait_for_orders(load)
            clients.close()

            def is_done() -> bool:
                for statement in A_MINUTE_PASSES:
                    database.execute(statement)
                return database.execute(LEFT).fetchone() is None

            wait_until(is_done, "confirmation of each order", deadline=120, hopeless=worker.ended)
        # The worker has ended, and no mail is on its way.
        [[orders]] = database.execute("SELECT count(*) FROM orders_order")
        [[interrupted]] = database.execute("SELECT count(*) FROM mail_outboxemail")

    assert load.failures() == []
    confirmed = re.findall(r"[0-9a-f-]{36}", "".join(text_of(message) for message in mailbox.messages))
    assert len(set(confirmed)) == len(confirmed)
    # Each of the two processes of the killed worker may have been sending an email.
    assert orders - interrupted <= len(confirmed) <= orders
    assert interrupted <= 2


def test_task_of_killed_worker_stays_in_broker(
    variables: dict[str, str], start_redis: StartRedis, deploy: Deploy
) -> None:
    with (
        start_redis(),
        open_shop(deploy(), variables) as production,
        redis.Redis.from_url(variables["CELERY_BROKER_URL"]) as broker,
    ):
        with worker_that_is_held_up(production) as (worker, _):
            kill(worker)
        assert left_with(broker) == 1


def test_task_of_killed_pool_process_runs_again(
    variables: dict[str, str], start_redis: StartRedis, deploy: Deploy
) -> None:
    """The kernel kills a pool process that takes too much memory; the worker itself goes on."""
    with (
        start_redis(),
        open_shop(deploy(), variables) as production,
        worker_that_is_held_up(production) as (worker, holder),
        production.connect() as database,
    ):
        for child in worker.children():
            os.kill(child, signal.SIGKILL)
        wait_until(lambda: "WorkerLostError" in worker.output(), "loss", hopeless=worker.ended)
        holder.rollback()
        confirmed = "SELECT 1 FROM orders_order WHERE confirmed_at IS NOT NULL"
        wait_until(lambda: database.execute(confirmed).fetchone(), "confirmation", hopeless=worker.ended)
