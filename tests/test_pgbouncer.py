"""A project behind a real PgBouncer, in transaction mode: many clients on few connections."""

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from tests.conftest import Render
from tests.faults.conftest import NO_THROTTLES, UNITS
from tests.faults.load import load_on
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.pgbouncer import run_pgbouncer
from tests.harness.ports import free_port
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.serving import migrate, run_server
from tests.harness.shop import Shop
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.served

# Of the example in the operations guide.
ROLE = "app"
# Fewer than there are threads.
CONNECTIONS = 2
ENOUGH = 15


@dataclass(frozen=True)
class Pooled:
    """A project whose database is behind PgBouncer.

    Attributes:
        project: The project.
        variables: What its processes see.
        port: Where PgBouncer listens.
    """

    project: Project
    variables: dict[str, str]
    port: int


@pytest.fixture
def pooled(render_project: Render, variables: dict[str, str], postgres: Postgres) -> Pooled:
    """Return a migrated project for a PgBouncer that is not running yet."""
    project = share_environment(render_project({"database_pool": "pgbouncer"}), PRODUCTION)
    project.write("config/settings/components/project.py", NO_THROTTLES)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as server:
        server.execute(f"DROP ROLE IF EXISTS {ROLE}")
        server.execute(f"CREATE ROLE {ROLE} LOGIN SUPERUSER")
        # As configured by the project.
        for statement in re.findall(r"^ALTER ROLE app SET .*;$", project.read("docs/operations.md"), re.MULTILINE):
            server.execute(statement)
    # Straight to PostgreSQL.
    migrate(project, variables)
    port = free_port()
    return Pooled(project, {**variables, "DATABASE_URL": f"postgres://{ROLE}:secret@127.0.0.1:{port}/production"}, port)


@pytest.fixture
def served(pooled: Pooled, postgres: Postgres) -> Iterator[Shop]:
    """Give a shop that is served through PgBouncer."""
    with (
        run_pgbouncer(postgres, user=ROLE, connections=CONNECTIONS, port=pooled.port),
        run_server(pooled.project, pooled.variables) as server,
        psycopg.connect(postgres.url("production"), autocommit=True) as database,
    ):
        yield Shop.open(pooled.project, pooled.variables, database, server.address, units=UNITS)


def test_many_clients_share_few_connections(served: Shop, postgres: Postgres) -> None:
    with load_on(served, clients=8) as load:
        wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120)
        with psycopg.connect(postgres.url("postgres")) as database:
            [[count]] = database.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = 'production'", [ROLE]
            )
    assert [f"{call.status} {call.says}" for call in load.failures()] == []
    assert 0 < count <= CONNECTIONS


@pytest.mark.usefixtures("served")
def test_timeouts_are_set_on_the_role(pooled: Pooled) -> None:
    with psycopg.connect(pooled.variables["DATABASE_URL"]) as database:
        limits = {
            name: database.execute(f"SHOW {name}").fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert limits == {
        "statement_timeout": ("25s",),
        "lock_timeout": ("5s",),
        "idle_in_transaction_session_timeout": ("1min",),
    }


# Reads rows one by one, while another client is given the connection in between, and keeps it.
READ = """
import django
django.setup()
from django.db import connections
from apps.users.models import User
rows = User.objects.order_by("pk").iterator(chunk_size=1)
print(next(rows).email)
other = connections.create_connection("default")
other.set_autocommit(False)
with other.cursor() as cursor:
    cursor.execute("SELECT 1")
print(*[user.email for user in rows])
"""


@pytest.mark.usefixtures("served")
def test_rows_are_streamed_without_a_server_side_cursor(pooled: Pooled) -> None:
    making = "import django; django.setup(); from apps.users.models import User\n" + "".join(
        f"User.objects.create_user('{name}@example.com', 'correct horse battery')\n" for name in ("bob", "eve")
    )
    pooled.project.python("-c", making, env=pooled.variables)
    assert len(pooled.project.python("-c", READ, env=pooled.variables).stdout.split()) == len(["ada", "bob", "eve"])


@pytest.mark.usefixtures("served")
def test_server_side_cursor_is_lost_in_transaction_pooling(pooled: Pooled) -> None:
    """This shows what DISABLE_SERVER_SIDE_CURSORS protects against."""
    pooled.project.replace(
        "config/settings/components/database.py",
        '"DISABLE_SERVER_SIDE_CURSORS": True',
        '"DISABLE_SERVER_SIDE_CURSORS": False',
    )
    answer = pooled.project.python("-c", READ, env=pooled.variables, check=False)
    assert answer.returncode != 0
    assert "InvalidCursorName" in answer.stderr


def test_restarted_pgbouncer_is_used_again(pooled: Pooled, postgres: Postgres) -> None:
    def pgbouncer() -> AbstractContextManager[int]:
        return run_pgbouncer(postgres, user=ROLE, connections=CONNECTIONS, port=pooled.port)

    with ExitStack() as processes:
        with pgbouncer(), psycopg.connect(postgres.url("production"), autocommit=True) as database:
            server = processes.enter_context(run_server(pooled.project, pooled.variables))
            shop = Shop.open(pooled.project, pooled.variables, database, server.address, units=UNITS)
            load = processes.enter_context(load_on(shop))
            wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120)
        away = time.monotonic()
        wait_until(lambda: load.has(2, away), "load", deadline=120)
        with pgbouncer(), processes.pop_all():
            back = time.monotonic()
            wait_until(lambda: load.has(ENOUGH, back), "load", deadline=120)
    refused = [call for call in load.failures() if call.started < back]
    assert {(call.status, call.is_problem) for call in refused} == {(httpx.codes.SERVICE_UNAVAILABLE, True)}
    assert [f"{call.status} {call.says}" for call in load.failures(back)] == []
