"""What Sentry is told."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.env import BASE_DIR
from tests.sentry import Sentry, sentry_server
from tests.test_settings import COMPLETE

# Fails while it handles a request that says who is asking.
FAIL = """
import os
import django, sentry_sdk
django.setup()
from django.test import Client
from django.urls import path
from config import urls
from django.contrib.auth import middleware
from apps.users.models import User
def get_user(request):
    return User(pk=42, email="ada@example.com")
middleware.get_user = get_user
def fail(request):
    request.session["_auth_user_id"] = "42"
    assert request.user.email == "ada@example.com"
    raise RuntimeError("a bug")
urls.urlpatterns.insert(0, path("fail/", fail))
secret = os.environ["SECRET"]
headers = {"host": "example.com", "Authorization": "Bearer " + secret, "Cookie": "name=" + secret, "X-Request-ID": "abc-123"}
client = Client(raise_request_exception=False, headers=headers)
client.post("/fail/?code=" + secret, {"name": secret}, secure=True)
sentry_sdk.flush()
"""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    """Have something stand where Sentry does."""
    with sentry_server() as server:
        yield server


def run(environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", FAIL],
        cwd=BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE, **environment},
        check=True,
        capture_output=True,
    )


def test_an_error_is_reported_without_what_the_caller_sent(sentry: Sentry) -> None:
    run({"SENTRY_DSN": sentry.dsn, "SECRET": "what-the-caller-sent"})

    [event] = sentry.events()
    assert event["exception"]["values"][0]["value"] == "a bug"
    assert event["environment"] == "production"
    assert b"what-the-caller-sent" not in b"\n".join(sentry.received)


def test_an_error_has_the_ids_of_its_lines_in_the_log_and_nothing_else_of_the_user(sentry: Sentry) -> None:
    run({"SENTRY_DSN": sentry.dsn, "SECRET": ""})

    [event] = sentry.events()
    assert {"request_id": "abc-123", "user_id": "42"}.items() <= event["tags"].items()
    assert "user" not in event


def test_nothing_is_sent_where_no_address_is_set(sentry: Sentry) -> None:
    run({"SENTRY_DSN": "", "SECRET": ""})

    assert sentry.received == []
