"""A mail server that keeps what it takes."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

import aiosmtpd.handlers
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def text_of(message: Message) -> str:
    """Return the text of a mail, as a person reads it."""
    (plain,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    text = plain.get_payload(decode=True)
    assert isinstance(text, bytes)
    return text.decode()


class Mailbox(aiosmtpd.handlers.Message):
    """What a mail server took.

    Attributes:
        messages: The mails.
        silent_at: The command that it takes and never answers, "RCPT" or "DATA".
        asked: Whom it was asked to take mail for, each as often as that was.
    """

    def __init__(self) -> None:
        """Start without mail."""
        super().__init__()
        self.messages: list[Message] = []
        self.silent_at: str | None = None
        self.asked: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient."""
        self.asked.append(address)
        await self._fall_silent("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        await super().handle_DATA(server, session, envelope)
        await self._fall_silent("DATA")
        return "250 OK"

    async def _fall_silent(self, command: str) -> None:
        """Never come back, where a command is not to be answered. The library ends this with the connection."""
        if self.silent_at == command:
            await asyncio.Event().wait()

    def handle_message(self, message: Message) -> None:
        """Keep one mail."""
        self.messages.append(message)

    def recipients(self) -> list[str]:
        """Return whom the mails are for, sorted: each as often as there are mails."""
        return sorted(str(message["To"]) for message in self.messages)

    def token(self, recipient: str) -> str:
        """Return what the link in somebody's only mail carries."""
        (message,) = [message for message in self.messages if message["To"] == recipient]
        tokens: list[str] = re.findall(r"token=(\S+)", text_of(message))
        assert len(tokens) == 1
        return tokens[0]


@contextmanager
def run_smtp(port: int) -> Iterator[Mailbox]:
    """Run a mail server for the time of a `with` block."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
