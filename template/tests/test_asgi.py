"""What is served under ASGI: a body that is refused is not taken in."""

import asyncio
from typing import Any

import pytest
from django.conf import settings

from config.asgi import Event, application
from tests.waiting import DEADLINE_SECONDS

TOO_MUCH = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1


class Caller:
    """Sends the start of a body, waits for an answer, and hangs up.

    Attributes:
        status: What it is answered.
    """

    def __init__(self) -> None:
        self.status = 0
        self._pieces = [b"x", b"x"]
        self._answered = asyncio.Event()

    async def receive(self) -> Event:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(), "more_body": True}
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Event) -> None:
        self.status = message.get("status", self.status)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._answered.set()


@pytest.mark.parametrize(
    ("header", "status"),
    [((b"content-length", str(TOO_MUCH).encode()), 413), ((b"transfer-encoding", b"chunked"), 411)],
)
def test_a_body_that_is_refused_is_answered_before_it_ends(header: tuple[bytes, bytes], status: int) -> None:
    caller = Caller()
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/account/verify-email/",
        "headers": [(b"host", b"testserver"), header],
    }

    asyncio.run(asyncio.wait_for(application(scope, caller.receive, caller.send), DEADLINE_SECONDS))

    assert caller.status == status
