"""Background processes of tests."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Seconds that a process has to end after the signal.
GRACE = 20.0


@dataclass(frozen=True)
class Background:
    """A running process.

    Attributes:
        process: The process itself.
        log: The file with its output.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Return its output so far, if it is kept."""
        if not self.log.is_file():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def children(self) -> list[int]:
        """Return the ids of its child processes, on Linux."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return [int(pid) for thread in threads for pid in (thread / "children").read_text(encoding="ascii").split()]

    def ended(self) -> str | None:
        """Return how it ended, with its output, or None while it runs."""
        status = self.process.poll()
        if status is None:
            return None
        return f"the process ended with status {status}:\n{self.output()}"


@contextmanager
def background(
    *command: str | Path,
    directory: Path,
    environment: Mapping[str, str],
    log: Path,
    user: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[Background]:
    """Run a process for the time of a `with` block.

    Args:
        command: The program and its arguments.
        directory: The working directory.
        environment: All its variables.
        log: The file that receives its output.
        user: The account that it runs as; that of the tests by default.
        stop_signal: The signal that ends it.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            user=user,
            # In its own process group, so that its children end with it.
            start_new_session=True,
        )
        try:
            yield Background(process, log)
        finally:
            _end(process, stop_signal)


def _end(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """End a process and its children: with a signal first, then by force."""
    process.send_signal(stop_signal)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        # The usual case: no child is left.
        return
