"""Trace and measure tasks with Celery's signals.

https://docs.celeryq.dev/en/stable/userguide/signals.html
"""

import time
from contextvars import Token
from datetime import datetime
from typing import Any

from celery import Task, signals
from opentelemetry import context, trace
from opentelemetry.propagate import extract, inject

from config.telemetry import exporting
from config.telemetry.metrics import meter

tracer = trace.get_tracer("config.telemetry")
seconds = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
latency = meter.create_histogram(
    "celery.task.latency", "s", "Time from due to started.", explicit_bucket_boundaries_advisory=seconds
)
duration = meter.create_histogram("celery.task.duration", "s", "Run time.", explicit_bucket_boundaries_advisory=seconds)
# By task id.
_running: dict[str, tuple[trace.Span, Token[context.Context], float]] = {}

signals.worker_process_init.connect(exporting.start)
# A process of the pool ends without running `atexit` handlers.
signals.worker_process_shutdown.connect(exporting.stop)


@signals.before_task_publish.connect
def add_headers(headers: dict[str, Any], **_kwargs: object) -> None:
    """Send the trace context and the time with a task."""
    inject(headers)
    headers["sent_at"] = time.time()


@signals.task_prerun.connect
def start_span(task: Task[Any, Any], task_id: str, **_kwargs: object) -> None:
    """Start a span as a child of the span that sent the task, and record how long the task waited."""
    headers = task.request.headers or {}
    if sent := headers.get("sent_at"):
        due = datetime.fromisoformat(str(task.request.eta)).timestamp() if task.request.eta else sent
        latency.record(max(0.0, time.time() - max(sent, due)), {"task": task.name})
    parent = extract(headers, context.get_current())
    span = tracer.start_span(f"run/{task.name}", parent, trace.SpanKind.CONSUMER)
    _running[task_id] = span, context.attach(trace.set_span_in_context(span)), time.monotonic()


@signals.task_postrun.connect
def end_span(task: Task[Any, Any], task_id: str, state: str, retval: object, **_kwargs: object) -> None:
    """End the span, and record how long the task ran and how it ended."""
    span, token, started = _running.pop(task_id)
    duration.record(time.monotonic() - started, {"task": task.name, "state": state})
    if state == "FAILURE":
        span.set_attribute("error.type", type(retval).__qualname__)
        span.set_status(trace.StatusCode.ERROR)
    context.detach(token)
    span.end()
