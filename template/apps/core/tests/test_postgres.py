"""A pool after its server was restarted."""

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

from apps.core.postgres import BRIEF_TIMEOUT, be_brief
from tests.waiting import wait_until

# More than one after the other could be looked at in time.
IDLE = 6

pytestmark = pytest.mark.django_db


@contextmanager
def pool(**options: Any) -> Iterator[ConnectionPool]:
    """Make a pool like that of the settings, full of idle connections."""
    kwargs = {**cast("DatabaseWrapper", connection).get_connection_params(), "application_name": uuid4().hex}
    configured = settings.DATABASES["default"]["OPTIONS"]["pool"]
    options = {**configured, "min_size": IDLE, "max_size": IDLE, **options}
    with ConnectionPool(kwargs=kwargs, check=ConnectionPool.check_connection, **options) as connections:
        connections.wait()
        yield connections


def restart(connections: ConnectionPool) -> None:
    """Close all connections of a pool at the server's end, as its restart does."""
    with connections.connection() as one:
        name = one.info.parameter_status("application_name")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s", [name]
        )
        assert cursor.fetchall() == [(True,)] * IDLE


def test_the_next_request_gets_a_connection_that_lives() -> None:
    with pool() as connections:
        restart(connections)

        with connections.connection() as living:
            assert living.execute("SELECT 1").fetchone() == (1,)


def test_a_plain_connection_would_have_it_wait_in_vain() -> None:
    with pool(connection_class=psycopg.Connection) as connections:
        restart(connections)

        with pytest.raises(PoolTimeout), connections.connection():
            """Never comes here."""


def test_who_waits_for_a_server_that_refuses_does_not_wait_for_long_until_one_is_served() -> None:
    with pool(timeout=20) as connections:
        with connections.connection():
            assert connections.timeout == 20
        for _ in range(2):
            be_brief(connections)
        assert connections.timeout == BRIEF_TIMEOUT

        with connections.connection():
            assert connections.timeout == 20


def test_a_pool_notices_that_its_server_refuses() -> None:
    kwargs = {"host": "127.0.0.1", "port": 1}
    options = settings.DATABASES["default"]["OPTIONS"]["pool"]
    with ConnectionPool(kwargs=kwargs, check=ConnectionPool.check_connection, **options) as connections:
        wait_until(lambda: connections.timeout == BRIEF_TIMEOUT)
