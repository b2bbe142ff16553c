"""Clients that are slow, large or wrong: the others are served as before, behind the proxy that is shipped."""

import os
import resource
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import httpx
import pytest

from tests.conftest import Render
from tests.faults import attacks
from tests.faults.attacks import connect
from tests.faults.conftest import Production, open_shop, ready_for_calls, variables_of
from tests.faults.load import Load, load_on, percentile
from tests.harness.ports import free_port
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.proxy import run_proxy
from tests.harness.redis_server import run_redis
from tests.harness.serving import HOST
from tests.harness.waiting import wait_until

# They measure how long requests take.
pytestmark = pytest.mark.timed

Answers = dict[str, set[int | None]]

ENOUGH = 60
SLOW, MALFORMED, LARGE = 2_000, 10_000, 40
# Seconds between two bytes of a slow client.
DRIBBLE = 3
# What the slowest of a hundred may take, in seconds, and what a process may hold, in bytes.
P99, MEMORY = 0.5, 256 * 2**20


@pytest.fixture(scope="module")
def production(rendered: Render, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Give a production whose clients come through the proxy. It outlives each of these tests."""
    folder, port = tmp_path_factory.mktemp("production"), free_port()
    project = ready_for_calls(Project(shutil.copytree(rendered({}).path, folder / "project"), {}))
    with (
        run_redis(folder / "redis", port=port),
        open_shop(project, variables_of(postgres, port)) as production,
        run_proxy(project, production.server.address, folder) as address,
    ):
        yield replace(production, shop=replace(production.shop, address=address))


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Let this process have a connection for each slow client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * SLOW), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_of(production: Production) -> int:
    """Return the most that a process of a server has held, in bytes."""
    pids = production.server.process.children()
    status = [Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in pids]
    return max(1024 * int(text.partition("VmHWM:")[2].split()[0]) for text in status)


def assert_others_are_served(production: Production, during: Callable[[Load], object]) -> None:
    """See that the usual clients get what they ask for as fast as ever, while something is going on."""
    with load_on(production.shop) as load:
        during(load)
        ended = time.monotonic()
    calls = [call for call in load.calls if call.started < ended]
    assert [f"{call.status} {call.says}" for call in load.failures()] == []
    assert percentile(calls, 0.99) < P99
    assert memory_of(production) < MEMORY


def under_attack(production: Production, attack: Callable[..., Answers], *arguments: object) -> Answers:
    """Have clients attack, again and again until the usual ones have asked often enough; return the answers to them.

    They would have machines of their own: here they have a process, which takes what processor the others leave.
    """
    answers: Answers = {}

    def during(load: Load) -> None:
        with ProcessPoolExecutor(1, get_context("spawn"), os.nice, (10,)) as processes:
            # The process is there.
            processes.submit(os.getpid).result()
            load.calls.clear()
            while not load.has(ENOUGH, 0):
                for what, found in processes.submit(attack, *arguments).result().items():
                    answers.setdefault(what, set()).update(found)

    assert_others_are_served(production, during)
    return answers


# What is malformed by itself alone, and otherwise a request without TLS, a token or an address that there is.
REFUSALS = {None, 301, 400, 401, 404, 414, 431}

HALF = [
    f"GET /api/v1/users/me/ HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode(),
    f"POST /api/v1/orders/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 900\r\n\r\n{{".encode(),
]


@contextmanager
def slow_clients(address: str, count: int) -> Iterator[list[socket.socket]]:
    """Have clients begin requests, and go on by a byte every few seconds, for the time of a `with` block.

    A client whose connection is closed starts again.
    """

    def begin(half: bytes) -> socket.socket:
        client = connect(address)
        client.sendall(half)
        return client

    stop = threading.Event()

    def go_on(clients: list[socket.socket]) -> None:
        while not stop.wait(DRIBBLE):
            for number, client in enumerate(clients):
                if not send_a_byte(client) and number % len(HALF) == 0:
                    client.close()
                    clients[number] = begin(HALF[0])

    clients: list[socket.socket] = []
    with ThreadPoolExecutor(8) as threads:
        going_on = threads.submit(go_on, clients)
        try:
            clients.extend(threads.map(begin, islice(cycle(HALF), count)))
            yield clients
        finally:
            stop.set()
            going_on.result()
            for client in clients:
                client.close()


def send_a_byte(client: socket.socket) -> bool:
    """Go on with a request, and say whether the server still listens."""
    try:
        client.sendall(b"x")
    except OSError:
        return False
    return True


def test_slow_clients_do_not_delay_others(production: Production) -> None:
    with slow_clients(production.shop.address, SLOW) as clients:
        assert_others_are_served(production, lambda load: wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120))
        # Clients with slow headers are disconnected, those with slow bodies are not.
        still_there = [client for client in clients[1::2] if send_a_byte(client)]
        assert len(still_there) == SLOW // 2


def test_large_bodies_are_refused(production: Production) -> None:
    """Half of them go through the proxy, and half to gunicorn, which gets chunked bodies without a length."""
    addresses = [f"{address}/api/v1/orders/" for address in (production.shop.address, production.server.address)]
    answers = under_attack(production, attacks.post_large_bodies, addresses, dict(production.shop.headers), LARGE)
    proxy, direct = (answers[address] for address in addresses)
    too_large, no_length = httpx.codes.REQUEST_ENTITY_TOO_LARGE, httpx.codes.LENGTH_REQUIRED
    assert too_large in proxy <= {None, too_large}
    assert too_large in direct <= {None, too_large, no_length}


def test_malformed_requests_get_4xx(production: Production) -> None:
    """Some go through the proxy, and most to gunicorn, which may run without a proxy."""
    addresses = [production.shop.address, *[production.server.address] * 4]
    answers = under_attack(production, attacks.send_malformed_requests, addresses, MALFORMED)
    assert sorted(answers) == sorted(attacks.MALFORMED_REQUESTS)
    assert {status for found in answers.values() for status in found} <= REFUSALS
    # A proxy that reads one request where gunicorn reads two would be fooled.
    assert answers["two lengths"] == answers["smuggled"] == {httpx.codes.BAD_REQUEST}
