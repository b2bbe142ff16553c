"""Workers and beat, in processes of their own."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.env import BASE_DIR
from tests.waiting import wait_until

# Seconds that a process has to end once asked.
GRACE = 20


class Celery:
    """A process of Celery that runs.

    Attributes:
        process: The process.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def lines(self, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of its log that have these fields."""
        written = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in written if fields.items() <= line.items()]


def free_port() -> int:
    """Return a port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def celery(*arguments: str, environment: dict[str, str], folder: Path, before: str = "") -> Iterator[Celery]:
    """Run a process of Celery for the time of a `with` block.

    Args:
        arguments: What to run: `worker` or `beat`, and its options.
        environment: Its variables.
        folder: Where its log goes.
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
            yield Celery(process, log)
        finally:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def worker(queue: str, *, environment: dict[str, str], folder: Path, before: str = "") -> Iterator[Celery]:
    """Run a worker that serves a queue, with the tasks of the tests, and is ready.

    Args:
        queue: Its name, and that of the worker, `@tests`.
        environment: The variables of the worker.
        folder: Where its log goes.
        before: Code that the process runs first.
    """
    options = ("--pool", "solo", "--queues", queue, "--hostname", f"{queue}@tests", "--include", "tests.tasks", "-E")
    # There are no others whom it would have to hear of, which takes a second.
    alone = ("--without-gossip", "--without-mingle")
    with celery("worker", *options, *alone, environment=environment, folder=folder, before=before) as running:
        wait_until(lambda: any(line["event"].endswith(" ready.") for line in running.lines(level="info")))
        yield running
