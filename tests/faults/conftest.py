"""A production with load on, whose services can be taken away."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.ports import free_port
from tests.harness.postgres import Cluster, Postgres, new_cluster
from tests.harness.processes import Background
from tests.harness.project import Project
from tests.harness.redis_server import run_redis
from tests.harness.serving import Server, migrate, production_variables, run_server, run_worker
from tests.harness.shop import Shop
from tests.harness.waiting import wait_until

# What a project of its own says in `config/settings/components/project.py`: its clients here call all day.
NO_THROTTLES = '''"""Mine."""

from config.settings.components.api import REST_FRAMEWORK

PROJECT_APPS: list[str] = []
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "1000000/min")
'''
# More than the tests order.
UNITS = 1_000_000

Deploy = Callable[..., Project]
StartRedis = Callable[[], AbstractContextManager[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of this folder out of the others' way: they want the machine for themselves."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("faults")


@pytest.fixture
def deploy(render_project: Render) -> Deploy:
    """Give a function that makes a project with the production dependencies alone.

    It takes what the project says in its own settings, after everything else: there a protection can be taken away.
    """

    def project(own_settings: str = "", **answers: str) -> Project:
        return ready_for_calls(render_project(answers), own_settings)

    return project


def ready_for_calls(project: Project, own_settings: str = "") -> Project:
    """Return a rendered project with the production dependencies alone, and without throttles."""
    deployed = share_environment(project, PRODUCTION)
    deployed.write("config/settings/components/project.py", NO_THROTTLES + own_settings)
    return deployed


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL that is not running yet."""
    with new_cluster() as cluster:
        yield cluster


@pytest.fixture
def redis_port() -> int:
    """Give a port where no Redis is, yet."""
    return free_port()


@pytest.fixture
def start_redis(redis_port: int, tmp_path: Path) -> StartRedis:
    """Give a function that runs a Redis for the time of a `with` block, each time an empty one at the same place."""
    numbers = itertools.count()
    return lambda: run_redis(tmp_path / f"redis-{next(numbers)}", port=redis_port)


@dataclass(frozen=True)
class Production:
    """A served project, with something to sell.

    Attributes:
        project: The project.
        variables: What its processes see.
        server: Who serves it.
        shop: What clients ask.
    """

    project: Project
    variables: Mapping[str, str]
    server: Server
    shop: Shop

    def connect(self) -> psycopg.Connection:
        """Return a connection to its database."""
        return psycopg.connect(self.variables["DATABASE_URL"], autocommit=True)


def variables_of(postgres: Postgres, redis_port: int, smtp_port: int = 1) -> dict[str, str]:
    """Return the variables of a production whose database is new."""
    return {
        **production_variables(postgres.create_database("faults"), f"redis://127.0.0.1:{redis_port}/0"),
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
    }


@contextmanager
def open_shop(project: Project, variables: Mapping[str, str], *options: str, **kwargs: object) -> Iterator[Production]:
    """Serve a project, and put something on sale, for the time of a `with` block.

    Args:
        project: A project with an environment.
        variables: What its processes see.
        options: More options of gunicorn.
        kwargs: More of `run_server`.
    """
    migrate(project, variables)
    with run_server(project, variables, *options, **kwargs) as server:  # type: ignore[arg-type]
        with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as database:
            shop = Shop.open(project, variables, database, server.address, units=UNITS)
        yield Production(project, variables, server, shop)


@contextmanager
def worker_that_is_held_up(
    production: Production, *, prefix: tuple[str, ...] = ()
) -> Iterator[tuple[Background, psycopg.Connection]]:
    """Give a worker that waits for an order, and the connection that has it locked, for the time of a `with` block.

    Args:
        production: The production.
        prefix: A command that runs the worker.
    """
    assert production.shop.order().status_code == httpx.codes.CREATED
    with (
        production.connect() as database,
        psycopg.connect(production.variables["DATABASE_URL"]) as holder,
        run_worker(production.project, production.variables, prefix=prefix) as worker,
    ):
        holder.execute("SELECT 1 FROM orders_order FOR UPDATE")
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND query LIKE 'SELECT %\"orders_order\"%'"
        )
        wait_until(lambda: database.execute(waiting).fetchone(), "task that waits", hopeless=worker.ended)
        yield worker, holder
