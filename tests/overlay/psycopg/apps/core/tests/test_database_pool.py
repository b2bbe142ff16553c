"""The connection pool after a restart of PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg_pool import ConnectionPool, PoolTimeout

# More than the pool checks one after another in time.
IDLE = 6

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def restarted_pool(**options: Any) -> Iterator[ConnectionPool]:
    """Give the pool of the settings, full of idle connections that PostgreSQL has closed, as its restart does."""
    wrapper = cast("DatabaseWrapper", connection)
    wrapper.close_pool()
    name = uuid4().hex
    database = wrapper.settings_dict
    original = database["OPTIONS"]
    pool_options = {**settings.DATABASES["default"]["OPTIONS"]["pool"], "min_size": IDLE, "max_size": IDLE, **options}
    database["OPTIONS"] = {**original, "pool": pool_options, "application_name": name}
    try:
        pool = wrapper.pool
        assert isinstance(pool, ConnectionPool)
        pool.open(wait=True)
        # Lately, before the restart.
        pool.check()
        with psycopg.connect(pool_conninfo(wrapper), autocommit=True) as other:
            terminated = other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s", [name]
            ).fetchall()
        assert terminated == [(True,)] * IDLE
        yield pool
    finally:
        wrapper.close_pool()
        database["OPTIONS"] = original


def pool_conninfo(wrapper: DatabaseWrapper) -> str:
    parameters = wrapper.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return psycopg.conninfo.make_conninfo(**{name: parameters[name] for name in names if name in parameters})


def test_first_request_after_a_restart_gets_a_working_connection() -> None:
    with restarted_pool() as pool, pool.connection() as working:
        assert working.execute("SELECT 1").fetchone() == (1,)


def test_plain_connections_let_the_first_request_time_out() -> None:
    """Remove `PooledConnection` once this fails: the pool then recovers by itself."""
    with restarted_pool(connection_class=psycopg.Connection) as pool, pytest.raises(PoolTimeout), pool.connection():
        pytest.fail("a connection was found")
