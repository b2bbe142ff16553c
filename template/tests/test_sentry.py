"""What Sentry is told."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from gzip import decompress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config.env import BASE_DIR
from tests.test_settings import COMPLETE

# Fails while it handles a request that says who is asking.
FAIL = """
import os
import django, sentry_sdk
django.setup()
from django.test import Client
from django.urls import path
from config import urls
def fail(request):
    raise RuntimeError("a bug")
urls.urlpatterns.insert(0, path("fail/", fail))
secret = os.environ["SECRET"]
headers = {"host": "example.com", "Authorization": "Bearer " + secret, "Cookie": "name=" + secret}
client = Client(raise_request_exception=False, headers=headers)
client.post("/fail/?code=" + secret, {"name": secret}, secure=True)
sentry_sdk.flush()
"""


class Receiver(BaseHTTPRequestHandler):
    """Stands where Sentry does, and keeps what comes in."""

    received: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """Return a DSN, and the list that what is sent there ends up in."""
    received: list[bytes] = []
    receiver = type("Receiver", (Receiver,), {"received": received})
    with HTTPServer(("127.0.0.1", 0), receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://key@127.0.0.1:{server.server_port}/1", received
        server.shutdown()
        thread.join()


def run(environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", FAIL],
        cwd=BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE, **environment},
        check=True,
        capture_output=True,
    )


def test_an_error_is_reported_without_what_the_caller_sent(sentry: tuple[str, list[bytes]]) -> None:
    dsn, received = sentry

    run({"SENTRY_DSN": dsn, "SECRET": "what-the-caller-sent"})

    report = b"\n".join(received).decode()
    assert report.count('"type":"event"') == 1
    assert "a bug" in report
    assert '"environment":"production"' in report
    assert "what-the-caller-sent" not in report


def test_nothing_is_sent_where_no_address_is_set(sentry: tuple[str, list[bytes]]) -> None:
    run({"SENTRY_DSN": "", "SECRET": ""})

    assert sentry[1] == []
