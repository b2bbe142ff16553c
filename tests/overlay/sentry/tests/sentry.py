"""A fake Sentry server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import decompress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Receiver(BaseHTTPRequestHandler):
    """Receives and keeps the envelopes."""

    received: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class Sentry:
    """Sentry, as far as the project sees.

    Attributes:
        dsn: Its address.
        received: What it was sent.
    """

    def __init__(self, port: int, received: list[bytes]) -> None:
        self.dsn = f"http://key@127.0.0.1:{port}/1"
        self.received = received

    def events(self) -> list[dict[str, Any]]:
        """Return the reported errors. Source: https://develop.sentry.dev/sdk/data-model/envelopes/"""
        found = []
        for envelope in self.received:
            _, *items = envelope.splitlines()
            for header, payload in zip(items[::2], items[1::2], strict=False):
                if json.loads(header)["type"] == "event":
                    found.append(json.loads(payload))
        return found


@contextmanager
def sentry_server() -> Iterator[Sentry]:
    """Run a fake Sentry server during a `with` block."""
    received: list[bytes] = []
    receiver = type("Receiver", (Receiver,), {"received": received})
    with HTTPServer(("127.0.0.1", 0), receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Sentry(server.server_port, received)
        finally:
            server.shutdown()
            thread.join()
