"""What is exported of a request whose caller goes away, in a process of its own, on production settings."""

import json
import os
import subprocess
import sys

import pytest

from config.env import BASE_DIR
from tests.otlp import attributes, collect
from tests.test_settings import COMPLETE

DEADLINE_SECONDS = 60

# The caller goes as soon as the view is reached; nothing but the cancellation ends that one.
LEAVE = """
import asyncio, gc
from types import SimpleNamespace
from config.asgi import application
from django.http import HttpResponse
from django.urls import path
from config import urls
from config.telemetry.workers import post_worker_init

async def wait(request):
    reached.set()
    await asyncio.Event().wait()

urls.urlpatterns.insert(0, path("wait/", wait))
post_worker_init(SimpleNamespace(ppid=1, number=2))
reached = asyncio.Event()
headers = [(b"host", b"example.com"), (b"x-forwarded-proto", b"https")]
scope = {"type": "http", "method": "GET", "path": "/wait/", "scheme": "https", "headers": headers}
events = [{"type": "http.request"}]

async def receive():
    if events:
        return events.pop()
    await reached.wait()
    return {"type": "http.disconnect"}

async def send(event):
    print(event)

asyncio.run(application(scope, receive, send))
# What is left behind is torn down now.
gc.collect()
"""


@pytest.mark.usefixtures("django_db_setup")
def test_who_goes_away_leaves_a_request_that_has_ended_and_no_error() -> None:
    variables = {**os.environ, **COMPLETE, "DJANGO_SETTINGS_MODULE": "config.settings.production"}
    with collect() as collector:
        result = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", LEAVE],
            cwd=BASE_DIR,
            env={**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )

    assert result.returncode == 0, result.stderr
    [span] = collector.spans()
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    # Nobody was answered, and the log tells it as it does without telemetry.
    assert len(lines) == len(result.stdout.splitlines())
    assert [line["event"] for line in lines if line.get("trace_id") == span.trace_id.hex()] == ["request_cancelled"]
    assert [line for line in lines if line["level"] == "error"] == []
    assert span.name == "GET wait/"
    assert attributes(span)["http.response.status_code"].int_value == 499
    metrics = collector.metrics()
    [active] = metrics["http.server.active_requests"].sum.data_points
    assert active.as_int == 0
    [duration] = metrics["http.server.request.duration"].histogram.data_points
    assert duration.count == 1
    assert attributes(duration)["http.route"].string_value == "wait/"
