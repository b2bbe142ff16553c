"""The worker of gunicorn: uvicorn's, which leaves nobody without an answer when it is replaced.

Source: https://www.uvicorn.org/server-behavior/#graceful-process-shutdown
"""

import asyncio
import socket
import sys

from gunicorn.arbiter import Arbiter
from uvicorn import Server
from uvicorn_worker import UvicornWorker

# Seconds that a client has to send its request, when its connection was taken just before the end.
LINGER_SECONDS = 1.0


class PatientServer(Server):
    """Stops taking connections first, and closes those that are silent a moment later.

    uvicorn itself closes at once what has been taken and not been read yet, so that a request on its way is reset.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all connections: those that are served when they are done."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER_SECONDS)
        await super().shutdown(sockets)


# The library publishes no types.
class Worker(UvicornWorker):  # type: ignore[misc]
    """uvicorn's worker, on a server that is patient."""

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = PatientServer(self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
