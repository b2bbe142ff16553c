"""Compare a default project with a bare one: Django, REST framework and simplejwt alone, on the same server.

Both run at the same time, on the same database, and are measured in turns. Throttles stay on: hundreds of users and
clients take turns, so that none is refused. Ratios are what counts, because times depend on the machine.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from benchmarks.load import Load, send, tool
from benchmarks.render import machine
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.paths import ROOT
from tests.harness.postgres import run_postgres
from tests.harness.project import Project
from tests.harness.redis_server import run_redis
from tests.harness.render import render
from tests.harness.serving import HOST, Server, migrate, production_variables, run_server
from tests.harness.snapshot import take_snapshot

PAGE = ROOT / "benchmarks" / "speed.md"
WORKERS, ROUNDS, SECONDS = 4, 5, 5.0
USERS, REFRESH_TOKENS = 300, 6000
# Of the measurement of memory.
REQUESTS, REQUESTS_PER_LOOK = 200_000, 20_000
_TICKS = os.sysconf("SC_CLK_TCK")

_SEED = """
import django, json, sys
django.setup()
from django.utils import timezone
from apps.catalog.demo import products_seed
from apps.catalog.models import Product
from apps.users.models import User
from apps.users.sessions import session_start
users, tokens = int(sys.argv[1]), int(sys.argv[2])
if not User.objects.exists():
    User.objects.bulk_create(User(email=f"user-{n}@example.com", password="!") for n in range(users))
    products_seed(count=60)
    Product.objects.update(stock=1_000_000_000)
everybody = list(User.objects.all())
pairs = [session_start(user=everybody[n % users]) for n in range(max(users, tokens))]
print(json.dumps({
    "access": [pair["access"] for pair in pairs[:users]],
    "refresh": [pair["refresh"] for pair in pairs[:tokens]],
    "products": [str(pk) for pk in Product.objects.values_list("pk", flat=True)],
}))
"""


@dataclass(frozen=True)
class Seed:
    """What requests name: tokens of users, refresh tokens, and the ids of products."""

    access: list[str]
    refresh: list[str]
    products: list[str]


@dataclass(frozen=True)
class Measured:
    """A load, and the processor time that all processes of the server took for each answer, in milliseconds."""

    load: Load
    cpu: float


def request(  # noqa: PLR0913 - each by its name
    method: str, path: str, number: int, *, token: str = "", body: object = None, key: str = ""
) -> bytes:
    """Return an HTTP request of one of many clients, as the proxy sends it."""
    content = json.dumps(body).encode() if body is not None else b""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {HOST}",
        "X-Forwarded-Proto: https",
        f"X-Forwarded-For: 10.{number % 200}.{number // 200 % 200}.1",
    ]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Idempotency-Key: {key}"] if key else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"] if content else []
    return "\r\n".join([*lines, "", ""]).encode() + content


def _me(seed: Seed) -> list[bytes]:
    return [request("GET", "/api/v1/users/me/", n, token=token) for n, token in enumerate(seed.access)]


def _products(_seed: Seed) -> list[bytes]:
    return [request("GET", "/api/v1/catalog/products/", n) for n in range(10_000)]


def _order(seed: Seed) -> list[bytes]:
    def order(n: int) -> bytes:
        body = {"items": [{"product_id": seed.products[n % len(seed.products)], "quantity": 1}]}
        return request("POST", "/api/v1/orders/", n, token=seed.access[n % USERS], body=body, key=str(uuid4()))

    return [order(n) for n in range(20_000)]


def _refresh(seed: Seed) -> list[bytes]:
    path = "/api/v1/auth/token/refresh/"
    return [request("POST", path, n, body={"refresh": token}) for n, token in enumerate(seed.refresh)]


def _live(_seed: Seed) -> list[bytes]:
    return [request("GET", "/livez", 0)]


def _not_found(_seed: Seed) -> list[bytes]:
    return [request("GET", "/api/v1/nothing/", n) for n in range(10_000)]


def _anonymous(_seed: Seed) -> list[bytes]:
    return [request("GET", "/api/v1/users/me/", n) for n in range(40_000)]


CASES: dict[str, Callable[[Seed], list[bytes]]] = {
    "`GET users/me/`": _me,
    "`GET catalog/products/`, 25 rows": _products,
    "`POST orders/` with a key": _order,
    "`POST auth/token/refresh/`": _refresh,
    "`GET /livez`": _live,
    "404": _not_found,
    "401": _anonymous,
}
# Answered with an error on purpose.
REFUSED = {"404", "401"}


@dataclass(frozen=True)
class Pair:
    """A default project and a bare one, with the variables of both."""

    project: Project
    bare: Project
    variables: dict[str, str]

    def seed(self, *, refresh_tokens: int = 0) -> Seed:
        """Make users, products and tokens."""
        output = self.project.python("-c", _SEED, str(USERS), str(refresh_tokens), env=self.variables).stdout
        return Seed(**json.loads(output.splitlines()[-1]))

    @contextmanager
    def served(self) -> Iterator[tuple[Server, Server]]:
        """Serve both."""
        with self.serve_one() as server, self.serve_one(bare=True) as bare:
            yield server, bare

    @contextmanager
    def serve_one(self, *, bare: bool = False) -> Iterator[Server]:
        """Serve one of them."""
        project = self.bare if bare else self.project
        application = "bare.wsgi:application" if bare else "config.wsgi:application"
        with run_server(project, self.variables, application=application, workers=WORKERS) as server:
            yield server


@contextmanager
def prepared() -> Iterator[Pair]:
    """Render and install a default project, and put the bare one beside it, with the same configuration of gunicorn."""
    with (
        tempfile.TemporaryDirectory() as name,
        run_postgres() as postgres,
        run_redis(Path(name) / "redis") as redis_url,
    ):
        folder = Path(name)
        template = take_snapshot(folder / "template")
        project = share_environment(render(template, folder / "project", {}), PRODUCTION)
        variables = production_variables(postgres.create_database("speed"), redis_url)
        migrate(project, variables)
        bare = folder / "bare"
        shutil.copytree(ROOT / "benchmarks" / "bare", bare / "bare")
        # The configuration of gunicorn imports from the apps.
        for part in ("apps", "config"):
            (bare / part).symlink_to(project.path / part)
        (bare / ".venv").symlink_to((project.path / ".venv").resolve())
        yield Pair(project, replace(project, path=bare), variables)


def processor_seconds(server: Server) -> float:
    """Return the processor time of a server so far, with that of workers that have ended."""
    master = server.process.process.pid
    total = 0
    for pid in (master, *server.process.children()):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        # Of the process; of its children that have ended.
        total += sum(map(int, fields[11:13] if pid != master else fields[11:15]))
    return total / _TICKS


def measure(server: Server, name: str, requests: Sequence[bytes], seconds: float) -> Measured:
    """Send requests to a server for some seconds.

    Raises:
        AssertionError: A request was refused.
    """
    before = processor_seconds(server)
    load = send(server.address, requests, seconds=seconds)
    cpu = 1000 * (processor_seconds(server) - before) / load.count
    expected = load.count if name in REFUSED else 0
    if load.errors != expected:
        raise AssertionError(f"{name}: {load.errors} of {load.count} answers are errors.")
    return Measured(load, cpu)


def compare(
    pair: Pair, names: Sequence[str], rounds: int, seconds: float
) -> dict[str, list[tuple[Measured, Measured]]]:
    """Measure both in turns, and return the pairs of each case."""
    results: dict[str, list[tuple[Measured, Measured]]] = {name: [] for name in names}
    with pair.served() as servers:
        for _ in range(rounds):
            for name in names:
                seed = pair.seed(refresh_tokens=REFRESH_TOKENS if CASES[name] is _refresh else 0)
                ours, bare = (measure(server, name, CASES[name](seed), seconds) for server in servers)
                results[name].append((ours, bare))
                print(f"{name}: {ours.load.per_second:.0f} and {bare.load.per_second:.0f} per second", flush=True)
    return results


def boot_seconds(pair: Pair, *, bare: bool) -> float:
    """Return the seconds from the start of a server to its first answer."""
    start = time.perf_counter()
    with pair.serve_one(bare=bare):
        return time.perf_counter() - start


def worker_megabytes(server: Server) -> float:
    """Return the memory of the largest worker: its own pages, and its share of the pages of several (PSS)."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in server.process.children()]
    return max(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / 1024


def memory(pair: Pair) -> dict[int, float]:
    """Return the memory of the largest worker, in megabytes, by the number of requests that the server has answered."""
    with pair.serve_one() as server:
        count, seen = 0, {0: worker_megabytes(server)}
        for goal in range(REQUESTS_PER_LOOK, REQUESTS + 1, REQUESTS_PER_LOOK):
            # Access tokens expire in between.
            requests = _me(pair.seed())
            while count < goal:
                count += send(server.address, requests, seconds=SECONDS).count
            seen[count] = worker_megabytes(server)
    return seen


def growth(seen: dict[int, float]) -> float:
    """Return the megabytes per 100,000 requests, of a straight line through all looks but the first."""
    counts, megabytes = zip(*list(seen.items())[1:], strict=True)
    return 100_000 * statistics.linear_regression(counts, megabytes).slope


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median, and the least and the greatest value."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table_of(results: dict[str, list[tuple[Measured, Measured]]]) -> str:
    """Return the table of the cases in Markdown."""
    lines = [
        "| request | requests/s, of bare | per second | p50 | p99 | CPU per request | CPU, of bare |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, pairs in results.items():
        ours, bare = zip(*pairs, strict=True)

        def medians(value: Callable[[Measured], float], digits: int) -> str:
            both = [statistics.median(map(value, side)) for side in (ours, bare)]  # noqa: B023 - called here
            return " / ".join(f"{number:.{digits}f}" for number in both)

        cells = [
            name,
            spread([one.load.per_second / other.load.per_second for one, other in pairs]),
            medians(lambda m: m.load.per_second, 0),
            medians(lambda m: m.load.p50, 1) + " ms",
            medians(lambda m: m.load.p99, 1) + " ms",
            medians(lambda m: m.cpu, 2) + " ms",
            spread([one.cpu / other.cpu for one, other in pairs]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Compare all cases, or those that are named. Write the page if all are measured in full.

    Returns:
        1 if the CPU time of a case is above the limit, otherwise 0.
    """
    parser = argparse.ArgumentParser(prog="make benchmark-speed", description=__doc__)
    parser.add_argument("-k", metavar="TEXT", default="", help="only the cases with this text in their names")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--limit", type=float, help="the highest CPU time per request, as a multiple of the bare one")
    options = parser.parse_args(arguments)
    names = [name for name in CASES if options.k in name]
    with prepared() as pair:
        results = compare(pair, names, options.rounds, options.seconds)
        print(table_of(results))
        if options.limit:
            ratios = {name: statistics.median(one.cpu / other.cpu for one, other in results[name]) for name in names}
            slow = [f"{name}: {ratio:.2f}" for name, ratio in ratios.items() if ratio > options.limit]
            print(f"Above {options.limit} times the CPU time of the bare project: {', '.join(slow) or 'none'}.")
            return 1 if slow else 0
        if len(names) == len(CASES):
            boots = [spread([boot_seconds(pair, bare=bare) for _ in range(ROUNDS)], 1) for bare in (False, True)]
            PAGE.write_text(page(table_of(results), options, boots, memory(pair)), encoding="utf-8")
            print(PAGE.read_text(encoding="utf-8"))
    return 0


def page(table: str, options: argparse.Namespace, boots: Sequence[str], seen: dict[int, float]) -> str:
    """Return the page of results in Markdown."""
    looks = ", ".join(f"{megabytes:.1f} after {count:,}" for count, megabytes in seen.items())
    return f"""# Speed

A default project and a bare one, on {datetime.now(tz=UTC):%Y-%m-%d}, {machine()}: `make benchmark-speed`.
Each has {WORKERS} workers. {tool()} has 16 connections, {options.rounds} rounds of {options.seconds:.0f} s.
Ratios are the median and the range of the rounds. Other figures are medians: the project / the bare one.
No request was refused, and no answer had another status than it should.

{table}

| | the project | the bare one |
|---|---|---|
| seconds to the first answer | {boots[0]} | {boots[1]} |

Memory of the largest worker (PSS, MB), by requests answered: {looks}.
It grows by {growth(seen):.2f} MB per 100,000 requests.
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
