"""Celery workers and beat, in processes of their own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from config.env import BASE_DIR
from tests.concurrency import wait_until

# How many seconds a process has to end.
GRACE = 20

needs_redis = pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server"
)


class CeleryProcess:
    """A running process of Celery.

    Attributes:
        process: The process.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def lines(self, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of its log that have these fields."""
        # The last line may not be complete yet.
        complete, _, _ = self._log.read_text().rpartition("\n")
        written = [json.loads(line) for line in complete.splitlines() if line.startswith("{")]
        return [line for line in written if fields.items() <= line.items()]


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def send(name: str, *arguments: object, queue: str, broker: str) -> str:
    """Send a task and return its id. The project's own app runs tasks in process here."""
    sender = Celery("sender", broker=broker, set_as_current=False)
    return str(sender.send_task(name, arguments, queue=queue, ignore_result=True).id)


@contextmanager
def celery(*arguments: str, environment: dict[str, str], folder: Path, before: str = "") -> Iterator[CeleryProcess]:
    """Run a process of Celery for the time of a `with` block.

    Args:
        arguments: The Celery command, such as `worker` or `beat`, and its options.
        environment: Its environment variables.
        folder: The folder of its log.
        before: Code that the process runs first.
    """
    log = folder / f"{arguments[0]}.log"
    code = f"{before}\nimport runpy\nrunpy.run_module('celery', run_name='__main__')"
    command = [sys.executable, "-c", code, "-A", "config", *arguments]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=file, stderr=file) as process,  # noqa: S603 - fixed
    ):
        try:
            yield CeleryProcess(process, log)
        finally:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def worker(queue: str, *, environment: dict[str, str], folder: Path, before: str = "") -> Iterator[CeleryProcess]:
    """Run a worker with the tasks of the tests for the time of a `with` block, and give it when it is ready.

    Args:
        queue: Its queue, and its name: `<queue>@tests`.
        environment: Its environment variables.
        folder: The folder of its log.
        before: Code that the process runs first.
    """
    options = ("--pool", "solo", "--queues", queue, "--hostname", f"{queue}@tests", "--include", "tests.tasks", "-E")
    # There are no other workers, and asking for them takes a second.
    alone = ("--without-gossip", "--without-mingle")
    with celery("worker", *options, *alone, environment=environment, folder=folder, before=before) as running:
        wait_until(lambda: any(line["event"].endswith(" ready.") for line in running.lines(level="info")))
        yield running
