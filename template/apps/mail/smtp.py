"""Mail by SMTP, where somebody is told before a server is given a mail."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

_before_content: ContextVar[Callable[[], None]] = ContextVar("before_content", default=lambda: None)


@contextmanager
def before_content(call: Callable[[], None]) -> Iterator[None]:
    """For the time of a `with` block, call something right before a server is given the content of a mail.

    All before that can be done again, and sends nothing. What the call raises keeps the content back.
    """
    token = _before_content.set(call)
    try:
        yield
    finally:
        _before_content.reset(token)


class _Connection(smtplib.SMTP):
    """A connection, plain or with STARTTLS."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        _before_content.get()()
        return super().data(msg)


class _TLSConnection(_Connection, smtplib.SMTP_SSL):
    """A connection with TLS from the start."""


class SMTPBackend(EmailBackend):
    """Django's own, on connections that tell."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """What Django connects with."""
        return _TLSConnection if self.use_ssl else _Connection
