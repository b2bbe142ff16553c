"""Load: clients who go on asking while something breaks, and remember what they were answered."""

import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import httpx

from tests.harness.shop import Shop

Kind = Literal["me", "products", "order"]
KINDS: Sequence[Kind] = ("me", "products", "order")
READS: Sequence[Kind] = ("me", "products")

# For how long a client waits for an answer.
PATIENCE = 20.0
# Between two calls of one client: enough of them to meet every fault, and not so many that only the load is measured.
PAUSE = 0.03


@dataclass(frozen=True)
class Call:
    """A call that has ended.

    Attributes:
        kind: What was asked for.
        started: When, on the monotonic clock.
        seconds: How long it took.
        status: What was answered; None where nothing was.
        content_type: Of the answer.
        says: The answer, or why there is none.
    """

    kind: Kind
    started: float
    seconds: float
    status: int | None
    content_type: str
    says: str

    @property
    def failed(self) -> bool:
        """Whether the client did not get what it asked for, through no fault of its own."""
        return self.status is None or self.status >= httpx.codes.INTERNAL_SERVER_ERROR

    @property
    def is_problem(self) -> bool:
        """Whether the answer is a problem document."""
        return self.content_type == "application/problem+json"


@dataclass
class Load:
    """What clients have been answered so far.

    Attributes:
        calls: In the order in which they ended.
        stopped: Set when no more calls are to be made.
    """

    calls: list[Call] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def since(self, moment: float, kind: Kind | None = None) -> list[Call]:
        """Return the calls that were begun after a moment."""
        return [call for call in list(self.calls) if call.started >= moment and kind in {None, call.kind}]

    def failures(self, moment: float = 0.0) -> list[Call]:
        """Return the calls since a moment that failed."""
        return [call for call in self.since(moment) if call.failed]

    def has(self, count: int, moment: float, kinds: Sequence[Kind] = KINDS) -> bool:
        """Say whether each kind was asked for so often since a moment."""
        return all(len(self.since(moment, kind)) >= count for kind in kinds)


def percentile(calls: list[Call], share: float) -> float:
    """Return how long the slowest took, in seconds, when the slowest part of them is left out."""
    times = sorted(call.seconds for call in calls)
    return times[min(len(times) - 1, int(len(times) * share))]


@contextmanager
def load_on(
    shop: Shop, *, clients: int = 4, kinds: Sequence[Kind] = KINDS, address: Callable[[], str] | None = None
) -> Iterator[Load]:
    """Have clients ask without pause for the time of a `with` block: reads, lists and orders, in turn.

    Args:
        shop: The shop that they call, and its customer.
        clients: How many of them.
        kinds: What they ask for.
        address: Where to send the next call; to the shop unless given.
    """
    load = Load()
    # Made once: it reads all the authorities there are. The proxy of the tests has none.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # A connection for each call, as the proxy makes them.
    limits = httpx.Limits(max_keepalive_connections=0)

    def ask(number: int) -> None:
        with httpx.Client(limits=limits, timeout=PATIENCE, headers=shop.headers, verify=context) as client:
            for kind in itertools.islice(itertools.cycle(kinds), number, None):
                if load.stopped.wait(PAUSE):
                    return
                load.calls.append(_call(client, kind, address() if address else shop.address, shop.product_id))

    with ThreadPoolExecutor(clients) as threads:
        running = [threads.submit(ask, number) for number in range(clients)]
        try:
            yield load
        finally:
            load.stopped.set()
        for client in running:
            client.result()


_CALLS: Mapping[Kind, tuple[str, str]] = {
    "me": ("GET", "/api/v1/users/me/"),
    "products": ("GET", "/api/v1/catalog/products/"),
    "order": ("POST", "/api/v1/orders/"),
}


def _call(client: httpx.Client, kind: Kind, address: str, product_id: str) -> Call:
    method, path = _CALLS[kind]
    body = {"items": [{"product_id": product_id, "quantity": 1}]} if kind == "order" else None
    started = time.monotonic()
    try:
        answer = client.request(method, address + path, json=body)
    except httpx.TransportError as error:
        return Call(kind, started, time.monotonic() - started, None, "", repr(error))
    content_type = answer.headers.get("content-type", "")
    return Call(kind, started, time.monotonic() - started, answer.status_code, content_type, answer.text[:300])
