import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.core.console import ConsoleHandler

STANDARD_ERROR = 2


@pytest.fixture
def _kept() -> Iterator[None]:
    """Give standard error back in the end, also where a handler waits, which would be for ever."""

    def give_up(*_arguments: object) -> None:
        raise TimeoutError

    kept = os.dup(STANDARD_ERROR)
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    os.dup2(kept, STANDARD_ERROR)
    os.close(kept)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Return a logger that writes to standard error and nowhere else."""
    logger = logging.getLogger(__name__)
    logger.propagate = False
    handler = ConsoleHandler()
    handler.setFormatter(logging.Formatter("%(message)s %(lines)s", defaults={"lines": ""}))
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def fill(logger: logging.Logger, text: str) -> int:
    """Log more than any buffer holds, and return how many lines that was."""
    count = 0
    while count * len(text) < 500_000:
        logger.warning("%s %d", text, count)
        count += 1
    return count


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("length", [10, 10_000])
class TestFull:
    """Logs that nobody reads, until somebody does; lines that a pipe takes whole, and longer ones."""

    def drained(self, logger: logging.Logger, reading: int, length: int) -> tuple[int, list[str]]:
        """Fill what is read there, read it, log one line more, and return how many lines were written and what came."""
        count = fill(logger, "x" * length)
        os.set_blocking(reading, False)
        parts = []
        for _ in range(2):
            try:
                while part := os.read(reading, 1_000_000):
                    parts.append(part)
            except BlockingIOError:
                logger.warning("last")
        return count, b"".join(parts).decode().splitlines()

    def check(self, count: int, lines: list[str], length: int) -> None:
        *kept, dropped, last = lines
        assert [line.strip() for line in kept] == [f"{'x' * length} {number}" for number in range(len(kept))]
        assert dropped == f"log_lines_dropped {count - len(kept)}"
        assert last.strip() == "last"
        assert 0 < len(kept) < count

    def test_a_pipe_gets_whole_lines_and_the_number_of_those_that_it_missed(
        self, logger: logging.Logger, length: int
    ) -> None:
        reading, writing = os.pipe()
        os.dup2(writing, STANDARD_ERROR)
        os.close(writing)

        count, lines = self.drained(logger, reading, length)
        os.close(reading)

        self.check(count, lines, length)
        # Others who write there still wait, as they expect to.
        assert os.get_blocking(STANDARD_ERROR)

    def test_so_does_a_socket(self, logger: logging.Logger, length: int) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            os.dup2(theirs.fileno(), STANDARD_ERROR)
            count, lines = self.drained(logger, ours.fileno(), length)

        self.check(count, lines, length)

    def test_so_does_a_pipe_that_cannot_be_opened_once_more(
        self, logger: logging.Logger, length: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_arguments: object) -> int:
            raise PermissionError

        reading, writing = os.pipe()
        os.dup2(writing, STANDARD_ERROR)
        os.close(writing)
        monkeypatch.setattr(os, "open", refuse)

        count, lines = self.drained(logger, reading, length)
        os.close(reading)

        self.check(count, lines, length)


@pytest.mark.usefixtures("_kept")
def test_lines_go_to_what_standard_error_has_become(logger: logging.Logger, tmp_path: Path) -> None:
    for name in ("first", "second"):
        with (tmp_path / name).open("w") as file:
            os.dup2(file.fileno(), STANDARD_ERROR)
        logger.warning(name)

    assert [(tmp_path / name).read_text().strip() for name in ("first", "second")] == ["first", "second"]


@pytest.mark.usefixtures("_kept")
def test_a_line_that_was_begun_elsewhere_is_one_that_is_missed(logger: logging.Logger, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.dup2(writing, STANDARD_ERROR)
    os.close(writing)
    count = fill(logger, "x" * 10_000)
    with (tmp_path / "log").open("w") as file:
        os.dup2(file.fileno(), STANDARD_ERROR)
    logger.warning("last")
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines(keepends=True)

    whole = [line for line in lines if line.endswith("\n")]
    assert len(whole) == len(lines) - 1
    dropped, last = (tmp_path / "log").read_text().splitlines()
    assert dropped == f"log_lines_dropped {count - len(whole)}"
    assert last.strip() == "last"


def test_a_line_that_cannot_be_formatted_is_told_as_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleHandler().handle(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))

    assert "Logging error" in capsys.readouterr().err
