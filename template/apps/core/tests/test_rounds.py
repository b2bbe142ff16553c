import pytest

from apps.core import rounds
from apps.core.rounds import ROUND_SECONDS, in_time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what the clock shows: the last of these."""
    clock = [1000.0]
    monkeypatch.setattr(rounds, "monotonic", lambda: clock[-1])
    return clock


def test_all_is_done_where_there_is_time() -> None:
    assert list(in_time("abc")) == ["a", "b", "c"]


def test_when_the_time_is_up_nothing_more_is_begun(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    items = in_time("abcd")

    assert [next(items), next(items)] == ["a", "b"]
    clock.append(clock[-1] + ROUND_SECONDS)
    assert next(items) == "c"
    clock.append(clock[-1] + 1)
    assert list(items) == []

    assert "round_cut_short" in caplog.text
