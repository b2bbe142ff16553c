"""Standard error, for logs: a line that cannot be written at once is dropped.

A disk that is full refuses a line. A pipe that nobody reads any more is worse: once it is full, whoever writes waits, and
with him every thread that has something to log. So pipes and sockets are written to without waiting.

Sources: https://man7.org/linux/man-pages/man7/pipe.7.html, https://man7.org/linux/man-pages/man2/send.2.html
"""

import logging
import os
import select
import socket
import stat
from collections.abc import Callable
from functools import partial

# Not `sys.stderr`: what that writes to may wait.
_STANDARD_ERROR = 2


class ConsoleHandler(logging.Handler):
    """Writes lines to standard error, each at once where the system takes it whole, and never waits.

    What is dropped is counted, and the next line that can be written has one before it that tells how many were:
    `log_lines_dropped`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._write: Callable[[bytes], int] = _write_file
        # What descriptor 2 was when it was opened once more, and how to close that.
        self._target: tuple[int, int] | None = None
        self._release: Callable[[], object] | None = None
        self._process = os.getpid()
        self._dropped = 0
        # What is left of a line that a pipe had room for in part.
        self._rest = b""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it as dropped."""
        try:
            line = self._encode(record)
        except Exception:  # noqa: BLE001 - as every handler of `logging`
            self.handleError(record)
            return
        if self._process != os.getpid():
            # What its parent has left undone is not for a child to do.
            self._process, self._dropped, self._rest = os.getpid(), 0, b""
        try:
            self._open()
            if self._dropped:
                self._send(self._encode(_dropped_record(self._dropped)))
                self._dropped = 0
            self._send(line)
        except OSError:
            self._dropped += 1

    def close(self) -> None:
        """Close what was opened. A line that comes after all opens it again."""
        self.acquire()
        try:
            self._forget()
        finally:
            self.release()
        super().close()

    def _forget(self) -> None:
        if self._release:
            self._release()
        # A line of which only the beginning was written is no line.
        self._dropped += bool(self._rest)
        self._target, self._release, self._write, self._rest = None, None, _write_file, b""

    def _encode(self, record: logging.LogRecord) -> bytes:
        return f"{self.format(record)}\n".encode(errors="backslashreplace")

    def _send(self, line: bytes) -> None:
        """Write a line, after what is left of the one before it.

        Raises:
            OSError: It cannot be written now, and nothing of it was.
        """
        if self._rest:
            self._rest = self._push(self._rest)
            if self._rest:
                raise BlockingIOError
        self._rest = self._push(line)

    def _push(self, data: bytes) -> bytes:
        """Write what there is room for, and return what is left.

        Raises:
            OSError: There is no room for any of it.
        """
        left = data[self._write(data) :]
        while left:
            try:
                left = left[self._write(left) :]
            except OSError:
                break
        return left

    def _open(self) -> None:
        """Find out how standard error is written to, the first time and whenever it has become something else."""
        status = os.fstat(_STANDARD_ERROR)
        target = (status.st_dev, status.st_ino)
        if target != self._target:
            self._forget()
            self._write, self._release = _open_again(status.st_mode)
            self._target = target


def _dropped_record(lines: int) -> logging.LogRecord:
    logger = logging.getLogger(__name__)
    return logger.makeRecord(
        __name__, logging.WARNING, __file__, 0, "log_lines_dropped", (), None, extra={"lines": lines}
    )


def _open_again(mode: int) -> tuple[Callable[[bytes], int], Callable[[], object] | None]:
    """Return what writes to standard error without waiting, and says how many bytes it took; and what closes it."""
    if stat.S_ISSOCK(mode):
        connection = socket.socket(fileno=os.dup(_STANDARD_ERROR))
        # The flag is of the call: no other process writes differently for it.
        return lambda line: connection.send(line, socket.MSG_DONTWAIT), connection.close
    if stat.S_ISFIFO(mode):
        try:
            # A pipe, opened once more, has flags of its own. Those of descriptor 2 belong to all who inherited it.
            pipe = os.open(f"/proc/self/fd/{_STANDARD_ERROR}", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return _write_if_ready, None
        return partial(os.write, pipe), partial(os.close, pipe)
    return _write_file, None


def _write_file(line: bytes) -> int:
    """Write to what keeps nobody waiting: a file, which would be written over by others if it were opened once more."""
    return os.write(_STANDARD_ERROR, line)


def _write_if_ready(line: bytes) -> int:
    """Write as much of a line as a pipe is sure to take, which says that it has room."""
    poll = select.poll()
    poll.register(_STANDARD_ERROR, select.POLLOUT)
    if not poll.poll(0):
        raise BlockingIOError
    return os.write(_STANDARD_ERROR, line[: select.PIPE_BUF])
