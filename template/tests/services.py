"""PostgreSQL and Redis for the tests: those of the environment, otherwise servers that the tests start."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time

DEADLINE_SECONDS = 20


def start_services() -> None:
    """Set DATABASE_URL and REDIS_URL if they are not set.

    Redis is the `redis-server` of this machine. Without one, REDIS_URL stays unset, and the cache is in memory. Child
    processes find both URLs in their environment.
    """
    if not os.environ.get("DATABASE_URL"):
        from config.embedded_postgres import start_postgres  # noqa: PLC0415 - Windows can only import it in WSL

        os.environ["DATABASE_URL"] = start_postgres()
    if not os.environ.get("REDIS_URL") and shutil.which("redis-server"):
        os.environ["REDIS_URL"] = _start_redis()


def _start_redis() -> str:
    """Start a Redis without persistence on a free port, stop it with this process, and return its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
            raise RuntimeError("redis-server did not start")
        time.sleep(0.02)
    return f"redis://127.0.0.1:{port}/0"


def _accepts_connections(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
