"""Redis stops and comes back: no request fails, and no work is lost."""

import re
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import Deploy, StartRedis, open_shop, variables_of, worker_that_is_held_up
from tests.faults.load import Load, load_on
from tests.harness.mail import run_smtp, text_of
from tests.harness.postgres import Postgres
from tests.harness.redis_server import run_redis
from tests.harness.serving import run_worker
from tests.harness.waiting import wait_until

# Seconds within which sending a task ends, successful or not.
PUBLISH = 2.0
# Calls of each kind, in each phase.
ENOUGH = 20

# As `restart: unless-stopped` in the compose file.
SUPERVISOR = ("sh", "-c", 'while :; do "$@"; sleep 1; done', "sh")
# As beat does every minute.
SWEEP = """
import django
django.setup()
from apps.mail.tasks import mail_deliver_due_task
from apps.orders.tasks import orders_confirm_due_task
orders_confirm_due_task.delay()
mail_deliver_due_task.delay()
"""


def wait_for_calls(load: Load) -> float:
    """Wait until each kind of call was made often enough from now on, and return what now was."""
    now = time.monotonic()
    wait_until(lambda: load.has(ENOUGH, now), "load", deadline=120)
    return now


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, smtp_port: int) -> dict[str, str]:
    """Give the variables of a production whose Redis is not there yet."""
    return variables_of(postgres, redis_port, smtp_port)


@pytest.mark.timed
def test_api_works_without_redis_and_every_order_is_confirmed_once(
    variables: dict[str, str], redis_port: int, smtp_port: int, deploy: Deploy, tmp_path: Path
) -> None:
    project = deploy()
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        with run_redis(tmp_path / "redis-before", port=redis_port):
            production = processes.enter_context(open_shop(project, variables))
            worker = processes.enter_context(run_worker(project, variables))
            load = processes.enter_context(load_on(production.shop))
            wait_for_calls(load)
        away = wait_for_calls(load)
        with run_redis(tmp_path / "redis-after", port=redis_port):
            # Neither the servers nor the worker were started again.
            back = wait_for_calls(load)
            load.stopped.set()
            with processes.pop_all(), production.connect() as database:
                # Who was sent no task has been forgotten for long enough.
                database.execute("UPDATE orders_order SET created_at = created_at - interval '2 minutes'")
                project.python("-c", SWEEP, env=variables)
                unsent = (
                    "SELECT 1 FROM orders_order WHERE confirmed_at IS NULL UNION ALL SELECT 1 FROM mail_outboxemail"
                )
                wait_until(
                    lambda: not database.execute(unsent).fetchone(),
                    "confirmation of each order",
                    deadline=120,
                    hopeless=worker.ended,
                )
                [[orders]] = database.execute("SELECT count(*) FROM orders_order")

    assert [call for call in load.calls if call.status not in {httpx.codes.OK, httpx.codes.CREATED}] == []
    assert max(call.seconds for call in load.since(away, "order") if call.started < back) < PUBLISH
    confirmed = re.findall(r"[0-9a-f-]{36}", "".join(text_of(message) for message in mailbox.messages))
    assert len(set(confirmed)) == len(mailbox.messages) == orders


@pytest.mark.parametrize("ends", ["while Redis is down", "when Redis is back"])
def test_worker_that_lost_redis_during_a_task_is_restarted_and_every_order_is_confirmed(
    ends: str, variables: dict[str, str], start_redis: StartRedis, deploy: Deploy
) -> None:
    """Celery may end when it loses its connection. A restart policy and the schedule make up for it."""
    project = deploy()
    with ExitStack() as processes:
        with start_redis():
            production = processes.enter_context(open_shop(project, variables))
            worker, holder = processes.enter_context(worker_that_is_held_up(production, prefix=SUPERVISOR))
        wait_until(lambda: "Connection to broker lost" in worker.output(), "loss", hopeless=worker.ended)
        if ends == "while Redis is down":
            holder.rollback()
        with start_redis(), processes.pop_all(), production.connect() as database:
            assert production.shop.order().status_code == httpx.codes.CREATED
            holder.rollback()
            database.execute("UPDATE orders_order SET created_at = created_at - interval '2 minutes'")
            project.python("-c", SWEEP, env=variables)
            unconfirmed = "SELECT 1 FROM orders_order WHERE confirmed_at IS NULL"
            wait_until(
                lambda: not database.execute(unconfirmed).fetchone(),
                "confirmation",
                deadline=120,
                hopeless=worker.ended,
            )
