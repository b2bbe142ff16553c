"""A PgBouncer for the tests."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.harness.commands import clean_environment
from tests.harness.ports import free_port
from tests.harness.postgres import Postgres
from tests.harness.processes import background
from tests.harness.programs import require_program
from tests.harness.waiting import wait_until

# The account that it runs as if the tests run as root, which it refuses.
ACCOUNT = "nobody"

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={postgres}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = {connections}
auth_type = any
"""


@contextmanager
def run_pgbouncer(postgres: Postgres, *, user: str, connections: int, port: int | None = None) -> Iterator[int]:
    """Run PgBouncer in transaction mode, and yield its port.

    Args:
        postgres: The server behind it.
        user: The account that it connects as.
        connections: The number of connections to a database.
        port: The port that it listens on; a free port by default.
    """
    port = port or free_port()
    text = CONFIGURATION.replace("* = ", f"* = user={user} ")
    with tempfile.TemporaryDirectory(prefix="mainstay-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text(
            text.format(postgres=postgres.port, port=port, connections=connections), encoding="utf-8"
        )
        with background(
            *(require_program("pgbouncer"), configuration),
            directory=Path(folder),
            environment=clean_environment(),
            log=Path(folder) / "log",
            user=ACCOUNT if os.geteuid() == 0 else None,
        ) as process:
            wait_until(lambda: _answers(port), "PgBouncer", hopeless=process.ended)
            yield port


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgres://{ACCOUNT}@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
