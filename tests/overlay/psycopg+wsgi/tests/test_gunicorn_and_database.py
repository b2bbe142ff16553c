"""The database settings fit those of gunicorn."""

import runpy

import pytest
from django.db import connection

from config.env import BASE_DIR
from tests.effective import complete, show


@pytest.mark.parametrize("variables", [{}, {"WEB_THREADS": "12"}], ids=["default", "more threads"])
def test_each_thread_of_a_worker_can_have_a_connection(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_THREADS", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    pool = show(complete(**variables))["DATABASES"]["default"]["OPTIONS"]["pool"]

    assert runpy.run_path(str(BASE_DIR / "config/gunicorn.conf.py"))["threads"] < pool["max_size"]


@pytest.mark.django_db
def test_query_ends_before_its_worker_is_killed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::integer FROM pg_settings WHERE name = 'statement_timeout'")
        [[milliseconds]] = cursor.fetchall()

    assert 0 < milliseconds < 1000 * runpy.run_path(str(BASE_DIR / "config/gunicorn.conf.py"))["timeout"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["lock_timeout", "idle_in_transaction_session_timeout"])
def test_locks_and_idle_transactions_have_time_limits(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::integer FROM pg_settings WHERE name = %s", [name])
        [[milliseconds]] = cursor.fetchall()

    assert milliseconds > 0
