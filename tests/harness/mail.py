"""An SMTP server that keeps the messages it receives."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

import aiosmtpd.handlers
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def text_of(message: Message) -> str:
    """Return the plain text of an email."""
    (plain,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    text = plain.get_payload(decode=True)
    assert isinstance(text, bytes)
    return text.decode()


class Mailbox(aiosmtpd.handlers.Message):
    """The messages that a mail server received.

    Attributes:
        messages: The emails.
        silent_at: The command that it never answers, "RCPT" or "DATA".
        asked: The recipients of all RCPT commands.
    """

    def __init__(self) -> None:
        """Start without messages."""
        super().__init__()
        self.messages: list[Message] = []
        self.silent_at: str | None = None
        self.asked: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient."""
        self.asked.append(address)
        await self._fall_silent("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a message."""
        await super().handle_DATA(server, session, envelope)
        await self._fall_silent("DATA")
        return "250 OK"

    async def _fall_silent(self, command: str) -> None:
        """Block forever if the command is the silent one. The library cancels this when the connection ends."""
        if self.silent_at == command:
            await asyncio.Event().wait()

    def handle_message(self, message: Message) -> None:
        """Keep a message."""
        self.messages.append(message)

    def recipients(self) -> list[str]:
        """Return the recipients of all messages, sorted."""
        return sorted(str(message["To"]) for message in self.messages)

    def token(self, recipient: str) -> str:
        """Return the token of the link in the only message of a recipient."""
        (message,) = [message for message in self.messages if message["To"] == recipient]
        tokens: list[str] = re.findall(r"token=(\S+)", text_of(message))
        assert len(tokens) == 1
        return tokens[0]


class _Server(Controller):
    """A server that closes its connections when it stops: clients may be sending still."""

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        super().__init__(mailbox, hostname="127.0.0.1", port=port, ready_timeout=60)
        self.connections: list[asyncio.WriteTransport] = []

    def factory(self) -> SMTP:
        """Return the protocol of a new connection. The library calls this."""
        connections = self.connections

        class Connection(SMTP):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.WriteTransport)
                connections.append(transport)
                super().connection_made(transport)

        return Connection(self.handler, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of the library
        """Close all connections, and stop."""
        asyncio.run_coroutine_threadsafe(self._close_connections(), self.loop).result()
        super().stop(no_assert)

    async def _close_connections(self) -> None:
        # A connection that was just accepted is made in a later round of the loop, and closed in the next.
        for _ in range(5):
            for connection in self.connections:
                connection.abort()
            await asyncio.sleep(0.01)


@contextmanager
def run_smtp(port: int) -> Iterator[Mailbox]:
    """Run an SMTP server."""
    mailbox = Mailbox()
    server = _Server(mailbox, port)
    server.start()
    try:
        yield mailbox
    finally:
        server.stop()
