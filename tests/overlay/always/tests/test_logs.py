"""What the logs of production hold, and where they go. Each case runs in a process of its own."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.test_settings import COMPLETE

PRODUCTION = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE}

# A server, as far as Django goes, and ways for it to fail.
SERVE = """
import sys
import django
from django.conf import settings
django.setup()
from django.test import Client
from django.urls import path
from config import urls

def fail(request):
    raise RuntimeError("a bug")

def middleware(get_response):
    return fail

urls.urlpatterns.insert(0, path("fail/", fail))
client = Client(raise_request_exception=False, headers={"host": "example.com", "X-Request-ID": "abc-123"})

def get(path):
    try:
        return client.get(path, secure=True).status_code
    except RuntimeError:
        return "nothing"
"""


def run(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run code under production settings."""
    return subprocess.run(  # noqa: S603 - our own code
        # Nobody has collected static files.
        [sys.executable, "-W", "ignore:No directory at", "-c", code],
        cwd=BASE_DIR,
        env={**PRODUCTION, **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}},
        check=True,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options},
    )


def lines(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log, each a JSON object."""
    return [json.loads(line) for line in text.splitlines()]


class TestFailure:
    """An error is logged where nothing but the log is set up."""

    @pytest.mark.parametrize(
        ("arrangement", "answer", "request_id"),
        [
            ("", "500", "abc-123"),
            ("settings.MIDDLEWARE.append('__main__.middleware')", "500", "abc-123"),
            # Before there is an id.
            ("settings.MIDDLEWARE.insert(0, '__main__.middleware')", "500", None),
            ("urls.handler500 = fail", "nothing", "abc-123"),
        ],
        ids=["view", "middleware", "outer middleware", "page for errors"],
    )
    def test_is_one_line_with_its_traceback_and_its_request(
        self, arrangement: str, answer: str, request_id: str | None
    ) -> None:
        result = run(f"{SERVE}\n{arrangement}\nprint(get('/fail/?code=one-time'))")

        *log, status = result.stdout.splitlines()
        assert status == answer
        [line] = lines("\n".join(log))
        assert (line["event"], line["level"]) == ("request_failed", "error")
        assert "RuntimeError: a bug" in line["exception"]
        assert line["request"] == "GET /fail/"
        assert line.get("request_id") == request_id
        assert "one-time" not in result.stdout


SECRET = "what-nobody-may-read"

# Each puts it into a line.
LEAKS = [
    "log.info('line', password=secret)",
    "log.info('line', new_password=secret, api_key=secret, DATABASE_DSN=secret, client_secret=secret)",
    "log.info('line', token=secret, authorization=secret, cookie=secret, jwt_signing_keys=[secret])",
    "log.info('line', headers={'X-API-Key': secret, 'Set-Cookie': [secret]})",
    "log.info('line', a=[{'b': ({'secret': {'c': secret}},)}])",
    "log.info('line', client=Client(), clients={'first': Client()})",
    "log.info('line', url=f'postgres://user:{secret}@db.example.com:5432/app')",
    "log.info('line', url=f'redis://:{secret}/with@signs@redis.example.com')",
    "log.info('line', url=f'https://{secret}@errors.example.com/1')",
    "log.info('line', header=f'Bearer {secret}', other=f'basic {secret}1=')",
    "log.info('line', text=f'it is eyJhbGciOiJIUzI1NiJ9.{secret}.c2lnbmF0dXJl')",
    "log.info('line', key=f'-----BEGIN RSA PRIVATE KEY-----\\n{secret}\\n-----END RSA PRIVATE KEY-----')",
    "log.info('line %s', {'password': secret})",
    "log.info(f'line with password={secret}')",
    "plain.warning('line %s', f'amqp://user:{secret}@mq')",
    "plain.warning('line %r', {'token': secret, b'cookie': secret.encode()})",
    """plain.warning('line {"api_key": "%s"}', secret)""",
    "log.info('line', pwd=secret, passcode=secret, headers={b'password': secret.encode()})",
    "log.info(f'line with password: {secret}')",
    "plain.warning('line, refused: invalid token: %s', secret)",
    """log.info('line', url=f"postgres://user:p'w{secret}@db.example.com/app")""",
    r"""log.info('line {"password": "a\\" %s"}', secret)""",
    r"""log.info('line {\\"password\\": \\"a\\\\\\" %s\\"}', secret)""",
    """log.info(f"line with password=['a b', '{secret}']")""",
    """log.info('line {"password": {"a": "b ]", "c": "%s"}}', secret)""",
    """log.info('line {"password": [{"a": "b"}, {"c": "%s"}]}', secret)""",
    """log.info('line with password="a %s', secret)""",
    "plain.warning('line Cookie: sessionid=%s; a=b', secret)",
    "plain.warning('line', extra={'password': secret, 'context': {'token': secret}})",
    "fail(f'cannot reach redis://:{secret}@redis.example.com:6379/0')",
    "fail(f'refused: Authorization: Bearer {secret}')",
]

LOG = f"""
import logging
import django
django.setup()
import structlog
log, plain = structlog.get_logger("ours"), logging.getLogger("theirs")
secret = "{SECRET}"

class Client:
    def __repr__(self):
        return "Client(password=" + repr(secret) + ")"

def fail(message):
    try:
        raise RuntimeError(message)
    except RuntimeError:
        log.exception("line")
        plain.exception("line")
"""

# All of them in one process, each with an end.
LEAK = f"""
{LOG}
for leak in {LEAKS!r}:
    exec(leak)
    log.info("end")
"""


@pytest.fixture(scope="module")
def leaks() -> dict[str, str]:
    """Return what the log has of each leak."""
    *parts, _ = re.split(r"^.*\"event\": \"end\".*\n", run(LEAK).stdout, flags=re.MULTILINE)
    return dict(zip(LEAKS, parts, strict=True))


class TestSecret:
    @pytest.mark.parametrize("leak", LEAKS)
    def test_is_masked(self, leaks: dict[str, str], leak: str) -> None:
        log = leaks[leak]

        assert {line["event"][:4] for line in lines(log)} == {"line"}
        assert SECRET not in log

    def test_leaves_the_rest_of_a_line_as_it_is(self) -> None:
        values = "name='Ada', count=3, flag=True, password=None, ids=['a', 1], url='https://example.com/token/?page=2'"
        text = '{"url":"https://example.com/","email":"ada@example.com"}'

        [line] = lines(run(f"{LOG}\nlog.info('token_refreshed: no problem', {values}, text={text!r})").stdout)

        assert line.pop("timestamp")
        assert line == {
            "event": "token_refreshed: no problem",
            "level": "info",
            "logger": "ours",
            "name": "Ada",
            "count": 3,
            "flag": True,
            "password": None,
            "ids": ["a", 1],
            "url": "https://example.com/token/?page=2",
            "text": text,
        }

    def test_is_masked_in_the_log_alone(self) -> None:
        result = run(f"{LOG}\nnested = dict(password=[secret])\nlog.info('line', nested=nested)\nprint(nested)")

        logged, printed = result.stdout.splitlines()
        assert SECRET in printed
        assert SECRET not in logged
