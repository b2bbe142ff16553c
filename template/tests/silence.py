"""A server that hangs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Silence:
    """Takes connections, and never answers.

    Attributes:
        url: Where Redis would be.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"

    def callers(self) -> int:
        """Return how many have connected since it was last asked."""
        count = 0
        while True:
            try:
                caller, _ = self._listener.accept()
            except BlockingIOError:
                return count
            caller.close()
            count += 1


@contextmanager
def silence() -> Iterator[Silence]:
    """Have a server hang for the time of a `with` block."""
    # The system takes the connections. Nobody here reads them.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield Silence(listener)
