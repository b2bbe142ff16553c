"""Tasks: one trace with the request that sent them, and how long they waited.

https://docs.celeryq.dev/en/stable/userguide/signals.html
"""

import os
import time
from datetime import datetime
from typing import Any

from billiard import current_process
from celery import Task
from celery.signals import (
    before_task_publish,
    task_failure,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
)
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.propagate import inject
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from config.telemetry.exporting import PRIVATE, start, stop, views
from config.telemetry.instruments import meter

# Goes with a message, beside the trace that it belongs to.
SENT_AT = "sent_at"

latency = meter.create_histogram(
    "celery.task.latency",
    unit="s",
    description="From when a task was sent, or was due, to its start.",
    explicit_bucket_boundaries_advisory=[0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600],
)
failures = meter.create_counter("celery.task.failures", unit="{task}", description="Tasks that raised.")

# The library counts seconds in buckets that are made for milliseconds.
views.append(
    View(
        instrument_name="flower.task.runtime.seconds",
        name="celery.task.duration",
        attribute_keys={"task"},
        aggregation=ExplicitBucketHistogramAggregation([0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300]),
    )
)
# The message of an error.
PRIVATE.add("celery.retry.reason")


class TaskInstrumentor(CeleryInstrumentor):
    """Traces what runs. What is sent has no span: the library keeps one for ever where the broker is away."""

    def _trace_before_publish(self, *_args: object, headers: dict[str, Any], **_kwargs: object) -> None:
        inject(headers)

    @staticmethod
    def _trace_after_publish(*_args: object, **_kwargs: object) -> None:
        """Do nothing: there is no span to end."""


@before_task_publish.connect
def stamp(headers: dict[str, Any], **_kwargs: object) -> None:
    """Note when a task is sent. One that is tried again is sent again."""
    headers[SENT_AT] = time.time()


@task_prerun.connect
def record_latency(task: Task[Any, Any], **_kwargs: object) -> None:
    """Note how long a task waited. One that is not due yet does not wait."""
    # From the first run on, so that a failure after the next export is seen as a change. One before it is seen as a series
    # that does not begin at nothing: the alert looks for both.
    failures.add(0, {"task": task.name})
    sent = getattr(task.request, SENT_AT, None)
    if sent is None:
        return
    due = datetime.fromisoformat(str(task.request.eta)).timestamp() if task.request.eta else sent
    # Clocks of two hosts differ.
    latency.record(max(0.0, time.time() - max(sent, due)), {"task": task.name})


@task_failure.connect
def count_failure(sender: Task[Any, Any], **_kwargs: object) -> None:
    """Count a task that raised, for the last time where it is tried again."""
    failures.add(1, {"task": sender.name})


@worker_process_init.connect
def start_exporting(**_kwargs: object) -> None:
    """Begin to export, in a process that runs tasks."""
    # The first process has number 0, and so has one that forks none.
    start(f"tasks-{os.getppid()}-{getattr(current_process(), 'index', 0)}")


@worker_process_shutdown.connect
def stop_exporting(**_kwargs: object) -> None:
    """Export what is left: Python does not get to end such a process."""
    stop()
