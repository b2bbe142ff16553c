"""A server that accepts connections and never responds."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Silence:
    """A silent server.

    Attributes:
        url: Its address, as that of a Redis.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"

    def callers(self) -> int:
        """Return how many clients have connected since the last call."""
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
    """Run a silent server for the time of a `with` block."""
    # The operating system accepts the connections. Nothing reads from them.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield Silence(listener)
