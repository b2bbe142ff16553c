"""Clients that mean no good. They run in a process of their own, so that only the server can hold the others up."""

import json
import socket
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from urllib.parse import urlsplit

import httpx

from tests.harness.serving import HOST

THREADS = 4
# Four times what a project takes.
LARGE = 10 * 2**20


@cache
def _believes_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connect(address: str) -> socket.socket:
    """Return a connection to a server, with TLS where its address says so."""
    url = urlsplit(address)
    plain = socket.create_connection((url.hostname, url.port), timeout=30)
    return plain if url.scheme == "http" else _believes_anybody().wrap_socket(plain, server_hostname=HOST)


def post_large_bodies(addresses: list[str], headers: Mapping[str, str], count: int) -> dict[str, set[int | None]]:
    """Post bodies of 10 MB to each address in turn, with a Content-Length and chunked.

    Returns what each answers.
    None means that the server closed the connection while the client was still sending.
    """
    body = json.dumps({"notes": "x" * LARGE}).encode()

    def pieces() -> Iterator[bytes]:
        yield from (body[start : start + 2**16] for start in range(0, len(body), 2**16))

    def post(number: int) -> int | None:
        try:
            return client.post(address_of(number), content=pieces() if number % 2 else body).status_code
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            return None

    def address_of(number: int) -> str:
        # Both kinds of body to each.
        return addresses[number // 2 % len(addresses)]

    answers: dict[str, set[int | None]] = defaultdict(set)
    headers = {**headers, "Content-Type": "application/json"}
    with (
        httpx.Client(headers=headers, verify=_believes_anybody(), timeout=30) as client,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        for number, status in enumerate(threads.map(post, range(count))):
            answers[address_of(number)].add(status)
    return answers


MALFORMED_REQUESTS: Mapping[str, bytes] = {
    "no request": b"\x00\xff\xfe\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /api/v1/users/me/\r\n\r\n",
    "odd protocol": b"GET / HTTQ/1.1\r\nHost: {host}\r\n\r\n",
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


def _status_of(address: str, request: bytes) -> int | None:
    """Return the status that raw bytes are answered with, or None where the connection is closed."""
    with connect(address) as client:
        try:
            client.sendall(request.replace(b"{host}", HOST.encode()))
            if not isinstance(client, ssl.SSLSocket):
                # Nothing more is sent.
                client.shutdown(socket.SHUT_WR)
            head = client.recv(64)
        except TimeoutError:
            raise
        except OSError:
            return None
    return int(head.split()[1]) if head.startswith(b"HTTP/") else None


def send_malformed_requests(addresses: list[str], count: int) -> dict[str, set[int | None]]:
    """Send malformed requests, each kind to each address in turn; return what each kind was answered.

    None means that the connection was closed without a response.
    """
    names = list(MALFORMED_REQUESTS)

    def send(number: int) -> int | None:
        turn, kind = divmod(number, len(names))
        return _status_of(addresses[turn % len(addresses)], MALFORMED_REQUESTS[names[kind]])

    answers: dict[str, set[int | None]] = defaultdict(set)
    with ThreadPoolExecutor(THREADS) as threads:
        for number, status in enumerate(threads.map(send, range(count))):
            answers[names[number % len(names)]].add(status)
    return answers
