"""A real SMTP server for tests."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test.utils import override_settings


class MailServer:
    """An SMTP server that listens once it is started.

    Attributes:
        port: Its port.
        received: The emails, as (recipient, content).
        refusal: The reply to every recipient that it does not accept.
        is_silent: Whether it keeps an email and does not reply.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.refusal: str | None = None
        self.is_silent = False
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept or refuse a recipient."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep an email."""
        content = envelope.content or b""
        text = content if isinstance(content, str) else content.decode()
        self.received += [(recipient, text) for recipient in envelope.rcpt_tos]
        if self.is_silent:
            await asyncio.Event().wait()
        return "250 OK"


def email_backend(backend: str, **options: object) -> override_settings:
    """Return a context manager that sends emails through a backend, with options of Django 6.1's `MAILERS`."""
    settings: dict[str, Any]
    if django.VERSION >= (6, 1):
        settings = {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    else:
        settings = {"EMAIL_BACKEND": backend, **{f"EMAIL_{name.upper()}": value for name, value in options.items()}}
    return override_settings(**settings)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Send the emails of a `with` block to an SMTP server, which is not started yet."""
    server = MailServer()
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    try:
        with email_backend(smtp, host="127.0.0.1", port=server.port, timeout=5):
            yield server
    finally:
        server.stop()
