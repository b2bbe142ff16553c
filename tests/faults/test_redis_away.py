"""Redis stops, and comes back: nobody notices, and no work is lost."""

import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.faults.conftest import Deploy, open_shop, variables_of
from tests.faults.load import Load, load_on
from tests.harness.mail import run_smtp, text_of
from tests.harness.postgres import Cluster
from tests.harness.redis_server import run_redis
from tests.harness.serving import run_worker
from tests.harness.shop import CUSTOMER
from tests.harness.waiting import wait_until

# Within so many seconds whoever sends a task goes on, sent or not.
PUBLISH = 2.0
# Calls of each kind, in each phase.
ENOUGH = 20

# As beat does every minute.
SWEEP = """
import django
django.setup()
from apps.mail.tasks import mail_deliver_due
from apps.orders.tasks import orders_confirm_due
orders_confirm_due.delay()
mail_deliver_due.delay()
"""


def wait_for_calls(load: Load) -> float:
    """Wait until each kind of call was made often enough from now on, and return what now was."""
    now = time.monotonic()
    wait_until(lambda: load.has(ENOUGH, now), "load", deadline=120)
    return now


def test_the_api_answers_as_before_and_every_order_is_confirmed_once(
    cluster: Cluster, redis_port: int, smtp_port: int, deploy: Deploy, tmp_path: Path
) -> None:
    project = deploy()
    with cluster.running() as postgres, run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        variables = variables_of(postgres, redis_port, smtp_port)
        with run_redis(tmp_path / "redis-before", port=redis_port):
            production = processes.enter_context(open_shop(project, variables))
            worker = processes.enter_context(run_worker(project, variables))
            load = processes.enter_context(load_on(production.shop))
            wait_for_calls(load)
        away = wait_for_calls(load)
        with run_redis(tmp_path / "redis-after", port=redis_port), processes.pop_all():
            back = wait_for_calls(load)
            with production.connect() as database:
                # Who was sent no task has been forgotten for long enough.
                database.execute("UPDATE orders_order SET created_at = created_at - interval '2 minutes'")
                project.python("-c", SWEEP, env=variables)
                wait_until(
                    lambda: not database.execute("SELECT 1 FROM orders_order WHERE confirmed_at IS NULL").fetchone(),
                    "confirmation of each order",
                    deadline=120,
                    hopeless=worker.ended,
                )

        assert [call for call in load.calls if call.failed or call.status >= httpx.codes.BAD_REQUEST] == []
        assert max(call.seconds for call in load.since(away, "order") if call.started < back) < PUBLISH
