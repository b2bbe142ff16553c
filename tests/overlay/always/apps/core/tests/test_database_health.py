"""`/readyz` while PostgreSQL hangs or is unavailable, and afterwards."""

from collections.abc import Iterator
from threading import Event

import pytest
from django.test import Client
from structlog.testing import capture_logs

from apps.core.database import health
from apps.core.database.health import is_database_available
from tests.concurrency import DEADLINE_SECONDS, wait_until
from tests.unavailable import unavailable_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_database_unavailable_fails_readyz_and_not_livez() -> None:
    with unavailable_database(), capture_logs() as lines:
        live, ready = (Client().get(path) for path in ("/livez", "/readyz"))

    assert live.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"database": "unavailable"})
    [line] = lines
    assert (line["event"], line["log_level"]) == ("database_health_check_failed", "warning")
    assert "127.0.0.1" in line["error"]
    wait_until(is_database_available)
    assert Client().get("/readyz").json() == {"database": "ok"}


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Event]]:
    """Let queries of the health check hang until the test ends them. Returns an event for each query."""
    queries: list[Event] = []
    select_one = health._select_one

    def hang() -> None:
        queries.append(Event())
        queries[-1].wait(DEADLINE_SECONDS)
        select_one()

    monkeypatch.setattr(health, "_select_one", hang)
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.02)
    yield queries
    for query in queries:
        query.set()


def test_probes_of_a_hanging_database_time_out_and_share_one_query(
    hanging: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as lines:
        assert [is_database_available() for _ in range(10)] == [False] * 10

    assert len(hanging) == 1
    assert {line["error"] for line in lines} == {"TimeoutError"}

    monkeypatch.setattr(health, "TIMEOUT_SECONDS", DEADLINE_SECONDS)
    hanging[0].set()
    assert is_database_available()
