"""A real worker, beat and Flower with a real Redis: one of each serves the tests of this module."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from structlog.contextvars import bound_contextvars

from tests.concurrency import wait_until
from tests.environment import environment
from tests.tasks import fail, tell
from tests.workers import CeleryProcess, celery, free_port, needs_redis, send, worker

QUEUE = uuid4().hex
# A fast heartbeat.
FAST = "from config import heartbeat\nheartbeat.INTERVAL_SECONDS = 0.2"


class HeartbeatFile:
    """The heartbeat file of a process, as a liveness probe sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_fresh(self) -> bool:
        """Run the probe of `compose.yaml`."""
        command = ["sh", "-c", f'test -n "$(find {self._path} -mmin -1)"']
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0  # noqa: S603 - fixed

    def age(self) -> None:
        """Make the file two minutes old."""
        then = time.time() - 120
        os.utime(self._path, (then, then))

    def wait_for_touches(self) -> None:
        """Return when the process has touched the file twice."""
        for _ in range(2):
            self.age()
            wait_until(self.is_fresh)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the logs and heartbeat files."""
    return tmp_path_factory.mktemp("celery")


@pytest.fixture(scope="module")
def variables(folder: Path, django_db_setup: None) -> dict[str, str]:
    """Return the environment variables of processes that use the database of the tests."""
    return {
        **environment(),
        "CELERY_BROKER_URL": os.environ["REDIS_URL"],
        "HEARTBEAT_FILE": str(folder / "{process}.heartbeat"),
    }


@pytest.fixture(scope="module")
def running(folder: Path, variables: dict[str, str]) -> Iterator[CeleryProcess]:
    """Run a worker."""
    with worker(QUEUE, environment=variables, folder=folder, before=FAST) as running:
        yield running


def send_here(name: str) -> str:
    return send(name, queue=QUEUE, broker=os.environ["REDIS_URL"])


@needs_redis
def test_task_log_has_the_ids_of_the_request_and_the_number_of_queries(running: CeleryProcess) -> None:
    ids = {"request_id": "abc-123", "user_id": "7"}
    with bound_contextvars(**ids):
        tasks = [send_here(tell.name) for _ in range(2)]

    for task_id in tasks:
        wait_until(lambda: bool(running.lines(event="task_succeeded", task_id=task_id)))  # noqa: B023 - called here
        assert running.lines(event="task_started", task_id=task_id, **ids)
        assert running.lines(event="told", task_id=task_id, queries=2, **ids)
        assert running.lines(event="task_succeeded", task_id=task_id, queries=2, **ids)


@needs_redis
def test_task_error_is_logged_with_its_traceback(running: CeleryProcess) -> None:
    task_id = send_here(fail.name)
    wait_until(lambda: bool(running.lines(event="task_failed", task_id=task_id)))

    [line] = running.lines(event="task_failed", task_id=task_id)
    assert line["level"] == "error"
    assert "RuntimeError: a bug in a task" in line["exception"]


@needs_redis
def test_heartbeat_stops_with_its_process(running: CeleryProcess, variables: dict[str, str], folder: Path) -> None:
    files = {name: HeartbeatFile(folder / f"{name}.heartbeat") for name in ("worker", "beat")}
    with celery("beat", environment=variables, folder=folder, before=FAST) as beat:
        for file in files.values():
            wait_until(file.is_fresh)

        for name, other, process in (("worker", "beat", running), ("beat", "worker", beat)):
            process.process.send_signal(signal.SIGSTOP)
            try:
                files[name].age()
                # Long enough for the stopped process as well.
                files[other].wait_for_touches()
                assert not files[name].is_fresh()
            finally:
                process.process.send_signal(signal.SIGCONT)
            wait_until(files[name].is_fresh)


@needs_redis
@pytest.mark.usefixtures("running")
def test_flower_shows_the_worker_and_counts_its_tasks(variables: dict[str, str], folder: Path) -> None:
    port = free_port()
    labels = f'task="{tell.name}",type="task-succeeded",worker="{QUEUE}@tests"'

    def shows(path: str, text: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}") as page:
                return text in page.read().decode()
        except URLError:
            return False

    options = ("--address=127.0.0.1", f"--port={port}")
    with celery("flower", *options, environment=variables, folder=folder):
        wait_until(lambda: shows("/workers", f"{QUEUE}@tests"))
        send_here(tell.name)
        wait_until(lambda: shows("/metrics", f"flower_events_total{{{labels}}}"))


@contextmanager
def redis_server(port: int) -> Iterator[None]:
    """Run a Redis for the time of a `with` block."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:  # noqa: S603 - fixed
        try:
            yield
        finally:
            server.kill()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server that a test could stop")
def test_worker_starts_without_its_broker_and_survives_an_outage(variables: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    file = HeartbeatFile(tmp_path / "worker.heartbeat")
    broker = f"redis://127.0.0.1:{port}/0"
    broken = {**variables, "CELERY_BROKER_URL": broker, "HEARTBEAT_FILE": str(tmp_path / "{process}.heartbeat")}

    # The pool of production: processes, which share memory.
    options = ("worker", "--include", "tests.tasks", "--concurrency", "1")
    with celery(*options, environment=broken, folder=tmp_path, before=FAST) as running:
        wait_until(file.is_fresh)
        for count in (1, 2):
            with redis_server(port):
                send(tell.name, queue="default", broker=broker)
                wait_until(lambda: len(running.lines(event="told")) == count)  # noqa: B023 - called here
            file.wait_for_touches()
