"""A server stops or replaces its workers under load: no request fails."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import Deploy, open_shop, variables_of
from tests.faults.load import load_on
from tests.harness.postgres import Postgres
from tests.harness.processes import Background
from tests.harness.project import Project
from tests.harness.redis_server import run_redis
from tests.harness.serving import Server, is_up, run_server
from tests.harness.waiting import wait_until

ENOUGH = 20
# How often a balancer asks whether a server is ready.
PROBE = 0.25
# Longer than that, with room for a machine that is busy.
DRAIN = 4

SERVERS = ["wsgi", "asgi"]


class Balancer:
    """Sends each call to the next server that was ready when it was asked last."""

    def __init__(self, *servers: Server) -> None:
        """Begin with servers that are ready."""
        self._servers = servers
        self._ready = list(servers)
        self._turns = itertools.count()

    def pick(self) -> str:
        """Return where the next call goes."""
        ready = self._ready
        return ready[next(self._turns) % len(ready)].address

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Ask the servers again and again, for the time of a `with` block."""
        stop = threading.Event()

        def probe() -> None:
            while not stop.wait(PROBE):
                ready = [server for server in self._servers if is_up(f"{server.address}/readyz")]
                # Where none is, any may be right, as balancers think.
                self._ready = ready or list(self._servers)

        thread = threading.Thread(target=probe)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a production that has its services, and the time to drain."""
    with run_redis(tmp_path / "redis", port=redis_port):
        yield {**variables_of(postgres, redis_port), "DRAIN_SECONDS": str(DRAIN)}


def stop_one_of_two(project: Project, variables: dict[str, str], server: str) -> tuple[list[str], int | None]:
    """Stop one of two servers with load on; return what failed, and the status that it ended with."""
    application = f"config.{server}:application"
    with open_shop(project, variables, application=application) as first, ExitStack() as processes:
        log = project.path / "second.log"
        second = processes.enter_context(run_server(project, variables, application=application, log=log))
        balancer = Balancer(first.server, second)
        with balancer.probing(), load_on(first.shop, address=balancer.pick) as load:
            wait_until(lambda: load.has(ENOUGH, 0), "load")
            second.process.process.send_signal(signal.SIGTERM)
            wait_until(lambda: second.process.process.poll() is not None, "end of the server")
            ended = time.monotonic()
            wait_until(lambda: load.has(ENOUGH, ended), "load")
    return [f"{call.status} {call.says}" for call in load.failures()], second.process.process.returncode


@pytest.mark.parametrize("server", SERVERS)
def test_stopping_server_fails_its_probe_before_it_refuses_requests(
    server: str, variables: dict[str, str], deploy: Deploy
) -> None:
    assert stop_one_of_two(deploy(server=server), variables, server) == ([], 0)


@pytest.mark.parametrize("server", SERVERS)
def test_running_request_is_finished_before_the_server_stops(
    server: str, variables: dict[str, str], deploy: Deploy
) -> None:
    """The request waits for a lock when the server gets SIGTERM."""
    application = f"config.{server}:application"
    with open_shop(deploy(server=server), {**variables, "DRAIN_SECONDS": "0"}, application=application) as production:
        answers: list[httpx.Response] = []
        with production.connect() as holder, production.connect() as database:
            with holder.transaction():
                holder.execute("SELECT 1 FROM catalog_product FOR UPDATE")
                thread = threading.Thread(target=lambda: answers.append(production.shop.order()))
                thread.start()
                waiting = (
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
                wait_until(lambda: database.execute(waiting).fetchone(), "order that waits")
                production.server.process.process.send_signal(signal.SIGTERM)
                master = production.server.process
                wait_until(lambda: "Handling signal: term" in master.output(), "end", hopeless=master.ended)
            thread.join()
        assert [answer.status_code for answer in answers] == [httpx.codes.CREATED]
        assert production.server.process.process.wait(30) == 0


def replace_workers(master: Background) -> None:
    """Have gunicorn replace all its workers, and wait until the old ones have gone."""
    before = set(master.children())
    os.kill(master.process.pid, signal.SIGHUP)
    wait_until(lambda: not before & set(master.children()), "new workers", hopeless=master.ended)


def test_replacing_workers_fails_no_request(variables: dict[str, str], deploy: Deploy) -> None:
    """Workers are replaced together by SIGHUP and one by one by `max_requests`. Under ASGI, uvicorn resets some."""
    options = ("--max-requests", "60", "--max-requests-jitter", "20")
    project = deploy()
    with open_shop(project, variables, *options) as production:
        master = production.server.process
        with load_on(production.shop) as load:
            wait_until(lambda: load.has(ENOUGH, 0), "load")
            for _ in range(2):
                replace_workers(master)
                now = time.monotonic()
                # Enough for some workers to have had their number.
                wait_until(lambda: load.has(3 * ENOUGH, now), "load", deadline=120)  # noqa: B023 - waited for here
        assert master.output().count("Autorestarting") + master.output().count("Maximum request limit") > 0
        assert [f"{call.status} {call.says}" for call in load.failures()] == []
