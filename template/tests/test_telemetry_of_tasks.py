"""Tasks, traced and measured on a real worker, through a real Redis."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from config.env import BASE_DIR
from tests.otlp import Collector, attributes, collect
from tests.test_celery import needs_redis
from tests.test_settings import COMPLETE
from tests.waiting import wait_until
from tests.workers import worker

# Sends a task in the course of something that has a trace of its own.
SEND = """
import django
django.setup()
from opentelemetry import trace
from config.telemetry.exporting import start
from apps.users.tasks import clear_expired
start("sender")
with trace.get_tracer("test").start_as_current_span("sends") as span:
    for countdown in (0, 3):
        try:
            clear_expired.apply_async(queue=QUEUE, countdown=countdown)
        except clear_expired.OperationalError:
            print("away")
    print(trace.get_current_span() is span)
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a receiver that is there."""
    with collect() as collector:
        yield collector


@pytest.fixture
def variables(environment: dict[str, str], collector: Collector) -> dict[str, str]:
    """Return the variables of a production that exports, and works on the services of the tests."""
    return {
        **environment,
        **COMPLETE,
        "DATABASE_URL": environment["DATABASE_URL"],
        "CELERY_BROKER_URL": environment.get("REDIS_URL", "redis://127.0.0.1:1/0"),
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }


def send(queue: str, variables: dict[str, str]) -> list[str]:
    """Send two tasks, one of them for later, and return what that printed."""
    code = SEND.replace("QUEUE", repr(queue))
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=BASE_DIR, env=variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@needs_redis
def test_a_task_is_part_of_the_trace_that_sent_it_and_waits_from_when_it_is_due(
    collector: Collector, variables: dict[str, str], tmp_path: Path
) -> None:
    queue = uuid4().hex
    with worker(queue, environment=variables, folder=tmp_path):
        send(queue, variables)
        wait_until(lambda: sum(span.name.startswith("run/") for span in collector.spans()) == 2)

    [sender] = [span for span in collector.spans() if span.name == "sends"]
    tasks = [span for span in collector.spans() if span.name == "run/apps.users.tasks.clear_expired"]
    assert [task.parent_span_id for task in tasks] == [sender.span_id] * 2
    assert {span.trace_id for span in collector.spans()} == {sender.trace_id}
    # Its queries are part of the task.
    queries = [span for span in collector.spans() if "db.query.text" in attributes(span)]
    assert {task.span_id for task in tasks} <= {query.parent_span_id for query in queries}
    # A worker of gunicorn may have the same parent and number, in a container of its own.
    processes = {attributes(process)["service.instance.id"].string_value for process in collector.resources()}
    assert sum("-tasks-" in process for process in processes) == 1
    metrics = collector.metrics()
    [latency] = metrics["celery.task.latency"].histogram.data_points
    assert latency.count == 2
    # The second is sent for three seconds later.
    assert latency.max < 3
    [failures] = metrics["celery.task.failures"].sum.data_points
    assert failures.as_int == 0
    [duration] = metrics["celery.task.duration"].histogram.data_points
    assert duration.count == 2


def test_what_could_not_be_sent_leaves_no_span_open(variables: dict[str, str]) -> None:
    assert send("nowhere", {**variables, "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}) == ["away", "away", "True"]
