"""PostgreSQL stops and comes back: requests get 503, and succeed as soon as it is back."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import Deploy, open_shop, variables_of
from tests.faults.load import load_on
from tests.harness.postgres import Cluster
from tests.harness.redis_server import run_redis
from tests.harness.waiting import wait_until

# The timeout of a probe in `docs/operations.md`, in seconds. Behind 16 clients a probe waits for a free thread for four
# times the timeout of the connection pool: 3 seconds.
PROBE = 5.0
ENOUGH = 20


def probe(address: str, path: str) -> tuple[int, float]:
    """Return what a probe is answered, and after how many seconds."""
    started = time.monotonic()
    answer = httpx.get(address + path, timeout=30)
    return answer.status_code, time.monotonic() - started


@pytest.mark.timed
def test_requests_get_503_without_postgres_and_succeed_once_it_is_back(
    cluster: Cluster, redis_port: int, deploy: Deploy, tmp_path: Path
) -> None:
    project = deploy()
    with run_redis(tmp_path / "redis", port=redis_port), ExitStack() as processes:
        with cluster.running() as postgres:
            production = processes.enter_context(open_shop(project, variables_of(postgres, redis_port)))
            # More clients than the server has threads.
            load = processes.enter_context(load_on(production.shop, clients=16))
            wait_until(lambda: load.has(ENOUGH, 0), "load")
            assert load.failures() == []

        away = time.monotonic()
        live = [probe(production.server.address, "/livez") for _ in range(5)]
        ready = [probe(production.server.address, "/readyz") for _ in range(5)]
        wait_until(lambda: load.has(2, away), "load", deadline=120)

        with cluster.running(), processes.pop_all():
            back = time.monotonic()
            wait_until(lambda: load.has(ENOUGH, back), "load", deadline=120)
            assert probe(production.server.address, "/readyz")[0] == httpx.codes.OK

    assert [status for status, _ in live] == [httpx.codes.OK] * 5
    assert [status for status, _ in ready] == [httpx.codes.SERVICE_UNAVAILABLE] * 5
    assert max(seconds for _, seconds in ready) < PROBE
    # Those whose query it ended as well.
    refused = [call for call in load.failures() if call.started < back]
    assert refused
    assert {(call.status, call.content_type) for call in refused} == {(503, "application/problem+json")}
    assert load.failures(back) == []


@pytest.mark.timed
def test_readiness_probe_does_not_hang_with_postgres(
    cluster: Cluster, redis_port: int, deploy: Deploy, tmp_path: Path
) -> None:
    with (
        run_redis(tmp_path / "redis", port=redis_port),
        cluster.running() as postgres,
        open_shop(deploy(), variables_of(postgres, redis_port)) as production,
        load_on(production.shop) as load,
    ):
        wait_until(lambda: load.has(ENOUGH, 0), "load")
        # Each is a session of its own.
        processes = [postgres.process.process.pid, *postgres.process.children()]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            ready = [probe(production.server.address, "/readyz") for _ in range(3)]
            live = probe(production.server.address, "/livez")
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)
        back = time.monotonic()
        wait_until(lambda: load.has(ENOUGH, back), "load", deadline=120)

    assert [status for status, _ in ready] == [httpx.codes.SERVICE_UNAVAILABLE] * 3
    assert max(seconds for _, seconds in ready) < PROBE
    assert live[0] == httpx.codes.OK
    # Most wait for it. One that waits for a connection in vain is refused.
    refused = [call for call in load.failures() if call.started < back]
    assert {(call.status, call.content_type) for call in refused} <= {(503, "application/problem+json")}
    assert load.failures(back) == []


def test_restart_between_requests_fails_no_request(
    cluster: Cluster, redis_port: int, deploy: Deploy, tmp_path: Path
) -> None:
    project = deploy()
    with run_redis(tmp_path / "redis", port=redis_port), ExitStack() as processes:
        with cluster.running() as postgres:
            production = processes.enter_context(open_shop(project, variables_of(postgres, redis_port)))
            with load_on(production.shop, clients=12) as before:
                wait_until(lambda: before.has(ENOUGH, 0), "load")
        with cluster.running(), processes.pop_all(), load_on(production.shop) as after:
            wait_until(lambda: after.has(ENOUGH, 0), "load", deadline=120)

    assert after.failures() == []
