"""Readiness, while the database hangs or is away, and once it is back."""

from collections.abc import Iterator
from threading import Event

import pytest
from health_check.checks import Database
from structlog.testing import capture_logs

from apps.core import probes
from apps.core.probes import DatabaseProbe
from tests.outage import database_away
from tests.waiting import DEADLINE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Hold:
    """Holds up whoever asks the database.

    Attributes:
        callers: How many have asked.
    """

    def __init__(self) -> None:
        self.callers = 0
        self._end = Event()

    def wait(self) -> None:
        self.callers += 1
        self._end.wait(DEADLINE_SECONDS)

    def end(self) -> None:
        self._end.set()


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Have the database hang until told otherwise, for probes that do not wait long."""
    hold = Hold()
    ask = Database.run

    def run(check: Database) -> None:
        hold.wait()
        ask(check)

    monkeypatch.setattr(Database, "run", run)
    monkeypatch.setattr(probes, "PROBE_SECONDS", 0.02)
    yield hold
    hold.end()


def test_probes_of_a_database_that_hangs_do_not_pile_up(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = DatabaseProbe()
    assert [probe.answers() for _ in range(10)] == [False] * 10

    monkeypatch.setattr(probes, "PROBE_SECONDS", DEADLINE_SECONDS)
    hold.end()

    # The first that is asked again gets the answer, since nobody stands before it.
    assert probe.answers()
    assert hold.callers <= 2


def test_the_log_is_told_when_the_database_goes_and_when_it_is_back() -> None:
    probe = DatabaseProbe()
    with capture_logs() as logs:
        assert probe.answers()
        with database_away():
            assert [probe.answers() for _ in range(3)] == [False] * 3
        wait_until(probe.answers)
        assert probe.answers()

    away, back = logs
    assert (away["event"], away["log_level"]) == ("database_away", "warning")
    assert away["error"]
    assert back == {"event": "database_back", "log_level": "info"}


def test_the_log_is_told_of_a_database_that_hangs(hold: Hold) -> None:
    probe = DatabaseProbe()
    with capture_logs() as logs:
        assert [probe.answers() for _ in range(3)] == [False] * 3

    [line] = logs
    assert (line["event"], line["error"]) == ("database_away", "no answer within 0.02 seconds")
