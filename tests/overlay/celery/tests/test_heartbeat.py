"""Whoever looks after a worker and beat sees whether they live."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.tasks import hold, tell
from tests.test_celery import needs_redis, send
from tests.waiting import wait_until
from tests.workers import Celery, celery, free_port, worker

needs_redis_server = pytest.mark.skipif(
    not shutil.which("redis-server"), reason="there is no redis-server that a test could stop"
)


# The heart of a process that a test waits for.
FAST = "from config import heartbeat\nheartbeat.BEAT_SECONDS = 0.2"


class Life:
    """What somebody who looks after a process sees.

    Args:
        path: What the process touches.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_seen(self) -> bool:
        """Run the command that operators are told to run."""
        command = ["sh", "-c", f'test -n "$(find {self._path} -mmin -1)"']
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0  # noqa: S603 - fixed

    def age(self) -> None:
        """Have it be two minutes since the last touch."""
        then = time.time() - 120
        os.utime(self._path, (then, then))

    def wait_for_touches(self) -> None:
        """Return when it has been touched twice from now on."""
        for _ in range(2):
            self.age()
            wait_until(self.is_seen)


@contextmanager
def redis(port: int) -> Iterator[None]:
    """Have a Redis of the test's own for the time of a `with` block."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:  # noqa: S603 - fixed
        try:
            yield
        finally:
            server.kill()


@needs_redis
def test_a_worker_and_beat_that_are_stopped_are_seen_to(environment: dict[str, str], tmp_path: Path) -> None:
    lives = {name: Life(tmp_path / f"{name}.life") for name in ("worker", "beat")}
    environment = {
        **environment,
        "CELERY_BROKER_URL": os.environ["REDIS_URL"],
        "HEARTBEAT_FILE": str(tmp_path / "{process}.life"),
    }
    with (
        worker(uuid4().hex, environment=environment, folder=tmp_path, before=FAST) as a_worker,
        celery("beat", environment=environment, folder=tmp_path, before=FAST) as a_beat,
    ):
        for life in lives.values():
            wait_until(life.is_seen)

        for name, other, running in (("worker", "beat", a_worker), ("beat", "worker", a_beat)):
            running.process.send_signal(signal.SIGSTOP)
            try:
                lives[name].age()
                # Long enough for the one that is stopped, were it not to be.
                lives[other].wait_for_touches()
                assert not lives[name].is_seen()
            finally:
                running.process.send_signal(signal.SIGCONT)
            wait_until(lives[name].is_seen)


@needs_redis_server
def test_a_worker_lives_while_its_broker_is_away_and_goes_on_when_it_is_back(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    life = Life(tmp_path / "worker.life")
    broker = f"redis://127.0.0.1:{port}/0"
    environment = {**environment, "CELERY_BROKER_URL": broker, "HEARTBEAT_FILE": str(tmp_path / "{process}.life")}

    def does_its_work(running: Celery, count: int) -> None:
        send(tell.name, queue="default", broker=broker)
        wait_until(lambda: len(running.lines(event="told")) == count)

    options = ("worker", "--include", "tests.tasks")
    with celery(*options, environment=environment, folder=tmp_path, before=FAST) as running:
        wait_until(life.is_seen)
        with redis(port):
            does_its_work(running, 1)
            send(hold.name, str(tmp_path / "end"), queue="default", broker=broker)
            wait_until(lambda: bool(running.lines(event="holding")))
        # In the middle of a task.
        life.wait_for_touches()
        (tmp_path / "end").touch()
        wait_until(lambda: bool(running.lines(event="held")))
        with redis(port):
            does_its_work(running, 2)
            life.wait_for_touches()


# As where `/`, `/tmp` and the folder of the code are read-only.
NO_FOLDER = """
import tempfile
tempfile._candidate_tempdir_list = lambda: ["/proc"]
"""


@needs_redis
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm")  # noqa: S108 - no file
def test_worker_and_beat_need_no_folder_for_temporary_files(environment: dict[str, str], tmp_path: Path) -> None:
    queue = uuid4().hex
    environment = {
        **environment,
        "CELERY_BROKER_URL": os.environ["REDIS_URL"],
        "HEARTBEAT_FILE": str(tmp_path / "{process}.life"),
    }
    # The pool of production, whose processes share memory.
    options = ("--concurrency", "1", "--queues", queue, "--include", "tests.tasks")
    with (
        celery("worker", *options, environment=environment, folder=tmp_path, before=NO_FOLDER) as running,
        celery("beat", environment=environment, folder=tmp_path, before=NO_FOLDER),
    ):
        send(tell.name, queue=queue, broker=os.environ["REDIS_URL"])
        wait_until(lambda: bool(running.lines(event="told")))
        wait_until(Life(tmp_path / "beat.life").is_seen)
