"""What is served under ASGI: a body that is refused is not taken in."""

import asyncio
from typing import Any

import pytest
from django.conf import settings

from config.asgi import Event, application
from tests.waiting import DEADLINE_SECONDS

TOO_MUCH = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
PIECE = b"x" * 65_536


class Caller:
    """Sends a body without an end, and hangs up once it is answered.

    Attributes:
        status: What it is answered.
    """

    def __init__(self) -> None:
        self.status = 0
        self._answered = False

    async def receive(self) -> Event:
        # Lets others do something in between, as a network does.
        await asyncio.sleep(0)
        if self._answered:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": PIECE, "more_body": True}

    async def send(self, message: Event) -> None:
        self.status = message.get("status", self.status)
        self._answered = message["type"] == "http.response.body" and not message.get("more_body", False)


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
