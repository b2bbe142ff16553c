"""The probe turns red before the server stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import Client

from apps.core import draining
from config.env import BASE_DIR
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Leave the signals of the tests, and the flag, as they were."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.alarm(0)
    draining._shared[0] = 0
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)
def test_the_probe_turns_red_at_once_and_the_server_stops_later() -> None:
    stopped: list[bool] = []
    draining.drain_before(lambda: stopped.append(True), seconds=60)
    assert Client().get("/readyz").status_code == 200

    os.kill(os.getpid(), signal.SIGTERM)

    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"server": "stopping"})
    assert Client().get("/livez").status_code == 200
    assert not stopped
    # The alarm that it has set itself.
    assert signal.alarm(0) > 0
    os.kill(os.getpid(), signal.SIGALRM)
    wait_until(lambda: bool(stopped))


def test_who_says_it_twice_does_not_want_to_wait() -> None:
    stopped: list[bool] = []
    draining.drain_before(lambda: stopped.append(True), seconds=60)

    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)

    wait_until(lambda: bool(stopped))


def test_without_a_time_to_wait_the_server_stops_at_once() -> None:
    stopped: list[bool] = []
    draining.drain_before(lambda: stopped.append(True), seconds=0)

    os.kill(os.getpid(), signal.SIGTERM)

    wait_until(lambda: bool(stopped))


FORK = """
import os, signal
from apps.core import draining
reading, writing = os.pipe()
child = os.fork()
if not child:
    os.read(reading, 1)
    print(draining.is_draining(), flush=True)
    os._exit(0)
draining.drain_before(lambda: None, seconds=60)
os.kill(os.getpid(), signal.SIGTERM)
os.write(writing, b"x")
os.waitpid(child, 0)
"""


def test_a_process_that_was_forked_before_knows_it_too() -> None:
    result = subprocess.run([sys.executable, "-c", FORK], cwd=BASE_DIR, capture_output=True, text=True, check=True)  # noqa: S603 - our own code

    assert result.stdout == "True\n"
