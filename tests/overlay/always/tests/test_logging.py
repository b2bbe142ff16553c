"""What a process writes to standard output under production settings."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.test_settings import COMPLETE

# Requests `/fail/` after a change to the project that the test fills in, and prints the status.
REQUEST = """
import django
from django.conf import settings
django.setup()
from django.test import Client
from django.urls import path
from config import urls

def fail(request):
    raise RuntimeError("cannot reach redis://:hunter2@redis.example.com")

def middleware(get_response):
    return fail

urls.urlpatterns.insert(0, path("fail/", fail))
client = Client(raise_request_exception=False, headers={"host": "example.com", "X-Request-ID": "abc-123"})
%s
try:
    print(client.get("/fail/?code=one-time", secure=True).status_code)
except RuntimeError:
    print("none")
"""

LOG = """
import logging
import warnings
import django
django.setup()
import structlog
structlog.get_logger("ours").info("order_placed", order_id=7, password="hunter2")
logging.getLogger("theirs").warning("took %s seconds", 3)
warnings.warn("deprecated")
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code under production settings."""
    return subprocess.run(  # noqa: S603 - our own code
        # Static files have not been collected.
        [sys.executable, "-W", "ignore:No directory at", "-c", code],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE},
        check=True,
        text=True,
        capture_output=True,
        timeout=60,
    )


def events(text: str) -> list[dict[str, Any]]:
    """Return the log events in the output of a process, each a JSON object on one line."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("change", "status", "request_id"),
    [
        ("", "500", "abc-123"),
        ("settings.MIDDLEWARE.append('__main__.middleware')", "500", "abc-123"),
        # Outside of the middleware that sets the request id.
        ("settings.MIDDLEWARE.insert(0, '__main__.middleware')", "500", None),
        ("urls.handler500 = fail", "none", "abc-123"),
    ],
    ids=["view", "middleware", "outer middleware", "error page"],
)
def test_exception_is_logged_once_with_traceback_and_request_id(
    change: str, status: str, request_id: str | None
) -> None:
    result = run(REQUEST % change)

    assert result.stdout.splitlines()[-1] == status
    [failed] = [event for event in events(result.stdout) if event["event"] == "request_failed"]
    assert (failed["level"], failed["request"], failed.get("request_id")) == ("error", "GET /fail/", request_id)
    assert "RuntimeError: cannot reach redis://:***@redis.example.com" in failed["exception"]
    assert "one-time" not in result.stdout
    assert "hunter2" not in result.stdout


def test_log_events_of_all_loggers_and_warnings_are_redacted_json_lines() -> None:
    result = run(LOG)

    ours, theirs, warning = events(result.stdout)
    assert len(result.stdout.splitlines()) == 3
    assert ours.pop("timestamp")
    assert ours == {
        "event": "order_placed",
        "level": "info",
        "logger": "ours",
        "order_id": 7,
        "password": "***",
    }
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("took 3 seconds", "warning", "theirs")
    assert "deprecated" in warning["event"]
