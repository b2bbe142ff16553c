"""Error reports of a process on production settings, received by a fake Sentry server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.environment import environment
from tests.sentry import sentry_server
from tests.test_settings import COMPLETE

# Reads and writes personal data in a request, fails, and prints the values that must not be reported.
FAIL = """
import json, logging, os
import sentry_sdk
import structlog
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.contrib.auth import middleware
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from apps.users.models import User
from config import urls

# Not in this code, whose lines are reported.
secret, address, written = os.environ["SECRET"], os.environ["ADDRESS"], {}
middleware.get_user = lambda request: User(pk=42, email=secret + "@example.com")

@csrf_exempt
def fail(request):
    request.session["_auth_user_id"] = "42"
    assert request.user.email == secret + "@example.com"
    structlog.contextvars.bind_contextvars(user_id="42")
    user = User.objects.create_user(secret + "@example.org", secret)
    request.session["said"] = secret
    request.session.save()
    cache.set("of-" + secret, secret)
    logging.getLogger("app").warning("a warning", extra={"password": secret})
    structlog.get_logger("app").warning("an event", access_token=secret)
    written.update(hash=user.password, session=request.session.session_key)
    raise RuntimeError("a bug")

urls.urlpatterns.insert(0, path("fail/", fail))
headers = {
    "host": "example.com",
    "Authorization": "Bearer " + secret,
    "Cookie": "name=" + secret,
    "Forwarded": "for=" + address,
    "Referer": "https://example.com/?code=" + secret,
    "X-Forwarded-For": address,
    "X-Real-Ip": address,
    "X-Request-ID": "abc-123",
}
request = RequestFactory(headers=headers, REMOTE_ADDR=address).post("/fail/?code=" + secret, {"name": secret}, secure=True)
application(request.environ, lambda *_: None).close()
structlog.get_logger("app").error("an error", access_token=secret)
sentry_sdk.flush()
print("WRITTEN", json.dumps([secret, address, *written.values()]))
"""

IS_LOADED = "import sys, django; django.setup(); print('sentry_sdk' in sys.modules)"


@dataclass
class Reported:
    """What a process reported.

    Attributes:
        exception: The event of the exception.
        error: The event of the error that was logged.
        private: Values that the process read or wrote.
    """

    exception: dict[str, Any]
    error: dict[str, Any]
    private: list[str]


def run(variables: dict[str, str], code: str) -> str:
    """Run code under production settings, and return what it prints."""
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE, **variables},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout


@pytest.fixture
def reported(transactional_db: None) -> Iterator[Reported]:
    """Return what a process reported that fails in a request and then logs an error."""
    own = {"SECRET": "what-somebody-wrote", "ADDRESS": "203.0.113.7"}
    services = {name: value for name, value in environment().items() if name in {"DATABASE_URL", "REDIS_URL"}}
    with sentry_server() as sentry:
        printed = run({**services, **own, "SENTRY_DSN": sentry.dsn}, FAIL)
        exception, error = sentry.events()
        yield Reported(exception, error, json.loads(printed.partition("WRITTEN")[2]))


def test_reports_contain_ids_and_no_personal_data(reported: Reported) -> None:
    exception = reported.exception

    assert exception["exception"]["values"][0]["value"] == "a bug"
    assert exception["environment"] == "production"
    assert {"request_id": "abc-123", "user_id": "42"}.items() <= exception["tags"].items()
    assert "user" not in exception
    assert exception["request"]["url"].endswith("://example.com/fail/")
    # Queries are reported without their parameters, and log events without values of secret keys.
    messages = [str(crumb.get("message")) for crumb in exception["breadcrumbs"]["values"]]
    for part in ("INSERT INTO", "a warning", "an event"):
        assert any(part in message for message in messages), part
    assert "an error" in json.dumps(reported.error["logentry"])
    for event in (exception, reported.error):
        assert [value for value in reported.private if value in json.dumps(event)] == []


@pytest.mark.parametrize(("dsn", "is_loaded"), [("", "False"), ("http://key@127.0.0.1:1/1", "True")])
def test_sdk_is_loaded_only_with_a_dsn(dsn: str, is_loaded: str) -> None:
    assert run({"SENTRY_DSN": dsn}, IS_LOADED).strip() == is_loaded
