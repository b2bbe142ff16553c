"""What Sentry is told."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.env import BASE_DIR
from tests.sentry import Sentry, sentry_server
from tests.test_logs import LEAKS, LOG, SECRET
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

# Writes all there is to write, fails, and prints what nobody else should see.
WRITE = """
import json, os
import sentry_sdk
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from config import urls
from apps.users.models import User
# Not in the code, whose lines are reported.
secret, address, written = os.environ["SECRET"], os.environ["ADDRESS"], {}
@csrf_exempt
def fail(request):
    user = User.objects.create_user(secret + "@example.com", secret)
    request.session["said"] = secret
    request.session.save()
    cache.set("of-" + secret, secret)
    written.update(hash=user.password, session=request.session.session_key)
    raise RuntimeError("a bug")
urls.urlpatterns.insert(0, path("fail/", fail))
headers = {
    "host": "example.com",
    "X-Forwarded-For": address,
    "X-Real-Ip": address,
    "Forwarded": "for=" + address,
    "Referer": "https://example.com/?code=" + secret,
}
request = RequestFactory(headers=headers, REMOTE_ADDR=address).post("/fail/?code=" + secret, {"name": secret}, secure=True)
application(request.environ, lambda *_: None).close()
sentry_sdk.flush()
print(json.dumps(written))
"""

# Each leak once on the way to an error, and once as an error.
LEAK = f"""
{LOG}
import sentry_sdk
for leak in {LEAKS!r}:
    with sentry_sdk.isolation_scope():
        exec(leak)
        log.error("end")
        exec(leak.replace("info", "error").replace("warning", "error"))
sentry_sdk.flush()
"""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    """Have something stand where Sentry does."""
    with sentry_server() as server:
        yield server


def run(environment: dict[str, str], code: str = FAIL) -> str:
    """Run code under production settings, and return what it prints."""
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout


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


def test_an_error_has_nothing_of_what_was_read_and_written_before(sentry: Sentry, environment: dict[str, str]) -> None:
    kept = {"SECRET": "what-somebody-wrote", "ADDRESS": "203.0.113.7"}
    services = {name: value for name, value in environment.items() if name in {"DATABASE_URL", "REDIS_URL"}}

    written = json.loads(run({**services, **kept, "SENTRY_DSN": sentry.dsn}, WRITE))

    [event] = sentry.events()
    # What is told is the path, and each query without its parameters.
    assert event["request"]["url"].endswith("://example.com/fail/")
    assert any("INSERT INTO" in str(crumb.get("message")) for crumb in event["breadcrumbs"]["values"])
    values = [*kept.values(), *written.values()]
    assert [value for value in values if value in json.dumps(event)] == []


def test_secrets_are_masked_as_in_the_log(sentry: Sentry) -> None:
    run({"SENTRY_DSN": sentry.dsn}, LEAK)

    events = sentry.events()
    ways = {name for event in events for name in ("breadcrumbs", "logentry", "exception") if event.get(name)}
    assert ways == {"breadcrumbs", "logentry", "exception"}
    assert len(events) >= 2 * len(LEAKS)
    assert [event for event in events if SECRET in str(event)] == []


def test_nothing_is_sent_where_no_address_is_set(sentry: Sentry) -> None:
    run({"SENTRY_DSN": "", "SECRET": ""})

    assert sentry.received == []
