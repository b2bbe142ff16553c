"""Mail by SMTP, where somebody is told before a server is given a mail."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

# What a server says to the command DATA, and to nothing else: the content may come. Source: RFC 5321, section 4.3.2.
_CONTENT_MAY_COME = 354
# How long a server has for the content, and then for its answer: it may look for spam first, and an answer that is
# missed leaves the mail to a person. So this is longer than the timeout of the settings. RFC 5321, section 4.5.3.2.6,
# has 10 minutes; but a round has to end, and the mail before this one may have begun as late as `ROUND_SECONDS`.
ANSWER_SECONDS = 60

_before_content: ContextVar[Callable[[], None]] = ContextVar("before_content", default=lambda: None)


@contextmanager
def before_content(call: Callable[[], None]) -> Iterator[None]:
    """For the time of a `with` block, call something when a server is ready for the content of a mail, and has none.

    All before that can be done again, and sends nothing. What the call raises keeps the content back.
    """
    token = _before_content.set(call)
    try:
        yield
    finally:
        _before_content.reset(token)


class _Connection(smtplib.SMTP):
    """A connection, plain or with STARTTLS."""

    sock: Any

    def data(self, msg: Any) -> tuple[int, bytes]:
        timeout = self.sock.gettimeout()
        try:
            return super().data(msg)
        finally:
            if self.sock:
                self.sock.settimeout(timeout)

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        if code == _CONTENT_MAY_COME:
            try:
                _before_content.get()()
            except BaseException:
                # The server takes whatever comes now for content, and content that breaks off for no mail.
                self.close()
                raise
            self.sock.settimeout(ANSWER_SECONDS)
        return code, text


class _TLSConnection(_Connection, smtplib.SMTP_SSL):
    """A connection with TLS from the start."""


class SMTPBackend(EmailBackend):
    """Django's own, on connections that tell."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """What Django connects with."""
        return _TLSConnection if self.use_ssl else _Connection
