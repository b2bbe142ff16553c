"""The readiness probe fails before the server stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import Client

from apps.core import graceful_shutdown
from apps.core.graceful_shutdown import delay_shutdown
from config.env import BASE_DIR
from tests.concurrency import wait_until


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Restore the signal handlers, and the flag."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.alarm(0)
    graceful_shutdown._shutting_down[0] = 0
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)
def test_sigterm_fails_the_readiness_probe_and_stops_the_server_later() -> None:
    stopped: list[bool] = []
    delay_shutdown(lambda: stopped.append(True), seconds=60)
    assert Client().get("/readyz").status_code == 200

    os.kill(os.getpid(), signal.SIGTERM)

    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"server": "stopping"})
    assert Client().get("/livez").status_code == 200
    assert not stopped
    # The alarm that is set.
    assert signal.alarm(0) > 0
    os.kill(os.getpid(), signal.SIGALRM)
    wait_until(lambda: bool(stopped))


@pytest.mark.parametrize(("seconds", "signals"), [(60, 2), (0, 1)])
def test_second_sigterm_or_no_delay_stops_the_server_immediately(seconds: int, signals: int) -> None:
    stopped: list[bool] = []
    delay_shutdown(lambda: stopped.append(True), seconds=seconds)

    for _ in range(signals):
        assert not stopped
        os.kill(os.getpid(), signal.SIGTERM)

    wait_until(lambda: bool(stopped))


FORK = """
import os, signal
from apps.core.graceful_shutdown import delay_shutdown, is_shutting_down
reading, writing = os.pipe()
child = os.fork()
if not child:
    os.read(reading, 1)
    print(is_shutting_down(), flush=True)
    os._exit(0)
delay_shutdown(lambda: None, seconds=60)
os.kill(os.getpid(), signal.SIGTERM)
os.write(writing, b"x")
os.waitpid(child, 0)
"""


def test_worker_forked_before_sigterm_knows_of_the_shutdown() -> None:
    result = subprocess.run([sys.executable, "-c", FORK], cwd=BASE_DIR, capture_output=True, text=True, check=True)  # noqa: S603 - our own code

    assert result.stdout == "True\n"
