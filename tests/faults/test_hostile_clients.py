"""Clients that are slow, large or wrong: the others are served as before, behind the proxy that is shipped."""

import json
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.conftest import Deploy, Production, open_shop, variables_of
from tests.faults.load import load_on, percentile
from tests.harness.postgres import Postgres
from tests.harness.proxy import run_proxy
from tests.harness.redis_server import run_redis
from tests.harness.serving import HOST
from tests.harness.waiting import wait_until

ENOUGH = 60
SLOW, MALFORMED, LARGE = 2_000, 10_000, 40
# What the slowest of a hundred may take, in seconds, and what a process may hold, in bytes.
P99, MEMORY = 0.5, 256 * 2**20


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a production that has its services."""
    with run_redis(tmp_path / "redis", port=redis_port):
        yield variables_of(postgres, redis_port)


@pytest.fixture
def production(variables: dict[str, str], deploy: Deploy, tmp_path: Path) -> Iterator[Production]:
    """Give a production whose clients come through the proxy."""
    with (
        open_shop(deploy(), variables) as production,
        run_proxy(production.project, production.server.address, tmp_path) as address,
    ):
        yield replace(production, shop=replace(production.shop, address=address))


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Let this process have a connection for each slow client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * SLOW), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(address: str) -> socket.socket:
    """Return a connection to a server, with TLS where its address says so."""
    url = urlsplit(address)
    plain = socket.create_connection((url.hostname, url.port), timeout=30)
    if url.scheme == "http":
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=HOST)


def memory_of(production: Production) -> int:
    """Return how much the largest process of a server holds, in bytes."""
    children = Path(f"/proc/{production.server.process.process.pid}/task")
    pids = [pid for task in children.iterdir() for pid in (task / "children").read_text(encoding="ascii").split()]
    status = [Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in pids]
    return max(1024 * int(text.partition("VmRSS:")[2].split()[0]) for text in status)


def assert_others_are_served(production: Production, during: Callable[[], object] = lambda: None) -> None:
    """See that the usual clients get what they ask for as fast as ever, while something is going on."""
    with load_on(production.shop) as load:
        during()
        now = time.monotonic()
        wait_until(lambda: load.has(ENOUGH, now), "load", deadline=120)
    assert [f"{call.status} {call.says}" for call in load.failures()] == []
    assert percentile(load.calls, 0.99) < P99
    assert memory_of(production) < MEMORY


HALF = [
    f"GET /api/v1/users/me/ HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode(),
    f"POST /api/v1/orders/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 900\r\n\r\n{{".encode(),
]


@contextmanager
def slow_clients(address: str, count: int) -> Iterator[list[socket.socket]]:
    """Have clients begin requests, and go on by a byte now and then, for the time of a `with` block."""

    def begin(half: bytes) -> socket.socket:
        client = connect(address)
        client.sendall(half)
        return client

    with ExitStack() as open_clients, ThreadPoolExecutor(8) as threads:
        clients = list(threads.map(begin, islice(cycle(HALF), count)))
        for client in clients:
            open_clients.enter_context(client)
        yield clients


def test_two_thousand_slow_clients_hold_nobody_up(production: Production) -> None:
    with slow_clients(production.shop.address, SLOW) as clients:
        assert len(clients) == SLOW
        assert_others_are_served(production)


def test_without_the_proxy_a_few_slow_clients_hold_everybody_up(variables: dict[str, str], deploy: Deploy) -> None:
    """The row bites: what protects is the proxy, which sends nothing on before it has all of it."""
    with (
        open_shop(deploy(), variables) as production,
        slow_clients(production.server.address, 2 * ENOUGH),
        pytest.raises(httpx.ReadTimeout),
    ):
        httpx.get(f"{production.shop.address}/api/v1/users/me/", headers=production.shop.headers, timeout=10 * P99)


def test_large_bodies_are_refused_and_kept_nowhere(production: Production) -> None:
    body = json.dumps({"notes": "x" * 10 * 2**20}).encode()
    statuses: set[int | None] = set()

    def post(content: bytes | Iterator[bytes]) -> None:
        try:
            answer = httpx.post(
                f"{production.shop.address}/api/v1/orders/",
                content=content,
                headers={**production.shop.headers, "Content-Type": "application/json"},
                verify=False,  # noqa: S501 - our own proxy
                timeout=30,
            )
        except httpx.TransportError:
            # It was told so, and did not listen while it was sending.
            statuses.add(None)
        else:
            statuses.add(answer.status_code)

    def post_all() -> None:
        with ThreadPoolExecutor(4) as threads:
            # With its length, and in pieces of which nobody knows the number.
            list(threads.map(post, [body] * (LARGE // 2) + [iter([body])] * (LARGE // 2)))

    assert_others_are_served(production, post_all)
    assert httpx.codes.REQUEST_ENTITY_TOO_LARGE in statuses
    assert statuses <= {None, httpx.codes.REQUEST_ENTITY_TOO_LARGE}


MALFORMED_REQUESTS: Mapping[str, bytes] = {
    "no request": b"\x00\xff\xfe\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /api/v1/users/me/\r\n\r\n",
    "odd version": b"GET / HTTP/9.9\r\nHost: {host}\r\n\r\n",
    "odd method": b"G\x01T / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "no host": b"GET /api/v1/users/me/ HTTP/1.1\r\n\r\n",
    "odd host": b"GET /api/v1/users/me/ HTTP/1.1\r\nHost: a b/../\r\n\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost: {host}\r\nnonsense\r\n\r\n",
    "long line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: " + b"a" * 40_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: {host}\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(300)) + b"\r\n",
    "odd path": b"GET /api/%ff%00/%2e%2e/ HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "odd query": b"GET /api/v1/catalog/products/?cursor=%ff%00 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "odd bytes": b"GET /api/\xff\xfe HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "length below zero": b"POST /api/v1/orders/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "smuggled": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET /",
    "odd chunk": b"POST /api/v1/orders/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "odd token": b"GET /api/v1/users/me/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer \xff.\xff.\xff\r\n\r\n",
    "odd body": b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    b"Content-Length: 4\r\n\r\n\xff\xfe{[",
}


def status_of(address: str, request: bytes) -> int | None:
    """Return the status that raw bytes are answered with, or None where the connection is closed."""
    with connect(address) as client:
        try:
            client.sendall(request.replace(b"{host}", HOST.encode()))
            if not isinstance(client, ssl.SSLSocket):
                # Nothing more comes, for whoever waits for it.
                client.shutdown(socket.SHUT_WR)
            head = client.recv(64)
        except OSError:
            return None
    return int(head.split()[1]) if head.startswith(b"HTTP/") else None


def test_malformed_requests_are_the_fault_of_who_sends_them(production: Production) -> None:
    """A fifth through the proxy, and the others to gunicorn itself, which may stand alone."""
    statuses: dict[str, set[int | None]] = {name: set() for name in MALFORMED_REQUESTS}
    lock = threading.Lock()

    def send(number: int) -> None:
        turn, kind = divmod(number, len(MALFORMED_REQUESTS))
        name = list(MALFORMED_REQUESTS)[kind]
        address = production.shop.address if turn % 5 == 0 else production.server.address
        status = status_of(address, MALFORMED_REQUESTS[name])
        with lock:
            statuses[name].add(status)

    def send_all() -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(send, range(MALFORMED)))

    assert_others_are_served(production, send_all)
    odd = {
        name: found
        for name, found in statuses.items()
        if any(status and status >= httpx.codes.INTERNAL_SERVER_ERROR for status in found)
    }
    assert odd == {}
    assert any(httpx.codes.BAD_REQUEST in found for found in statuses.values())
