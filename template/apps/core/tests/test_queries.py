import asyncio
from contextvars import Context
from threading import Thread
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection, connections, transaction
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.core.queries import query_count, start_counting, without_values


def ask(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


def counted(times: int) -> int:
    start_counting()
    ask(times)
    return query_count()


def view(_request: HttpRequest) -> JsonResponse:
    ask(2)
    return JsonResponse({"queries": query_count()})


async def async_view(_request: HttpRequest) -> JsonResponse:
    await sync_to_async(ask)(1)
    await asyncio.gather(*(sync_to_async(ask)(1) for _ in range(2)))
    return JsonResponse({"queries": query_count()})


urlpatterns = [path("two/", view), path("three/", async_view)]


@pytest.mark.django_db
def test_a_query_counts_once() -> None:
    assert counted(3) == 3


@pytest.mark.django_db
def test_what_marks_a_transaction_is_no_query() -> None:
    start_counting()
    with transaction.atomic():
        ask(1)

    assert query_count() == 1


@pytest.mark.django_db
def test_many_rows_at_once_are_one_query() -> None:
    start_counting()
    with connection.cursor() as cursor:
        cursor.executemany("SELECT %s", [(1,), (2,)])

    assert query_count() == 1


@pytest.mark.django_db
def test_outside_of_requests_and_tasks_nothing_is_counted() -> None:
    def outside() -> int:
        ask(1)
        return query_count()

    assert Context().run(outside) == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_opened_again_counts_each_query_once() -> None:
    connection.close()
    ask(1)

    assert counted(1) == 1


@pytest.mark.django_db(transaction=True)
def test_a_wrapper_for_the_time_of_a_block_is_there_for_that_time_and_ours_stays() -> None:
    seen: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    def other() -> None:
        # Opened inside of the block, at whose end Django takes away the wrapper that came last.
        with connection.execute_wrapper(note):
            ask(1)
        inside = len(seen)
        results.extend([inside, counted(1), len(seen) - inside])
        connection.close()

    results: list[int] = []
    thread = Thread(target=other)
    thread.start()
    thread.join()

    inside, counted_after, seen_after = results
    assert inside >= 1
    assert (counted_after, seen_after) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_query_of_another_thread_is_none_of_ours() -> None:
    def other() -> None:
        ask(2)
        connection.close()

    start_counting()
    thread = Thread(target=Context().run, args=(other,))
    thread.start()
    thread.join()

    assert query_count() == 0


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
class TestRequest:
    def test_counts_its_own_queries(self, client: Client) -> None:
        assert [client.get("/two/").json() for _ in range(2)] == [{"queries": 2}] * 2

    def test_counts_on_an_event_loop_whichever_thread_asks(self, async_client: AsyncClient) -> None:
        async def both() -> list[int]:
            answers = await asyncio.gather(async_client.get("/two/"), async_client.get("/three/"))
            # That of the thread which views and `ask` have run in.
            await sync_to_async(connections.close_all)()
            return [answer.json()["queries"] for answer in answers]

        assert asyncio.run(both()) == [2, 3]


class TestSlowQuery:
    @pytest.fixture(autouse=True)
    def _everything_is_slow(self, settings: Settings) -> None:
        settings.SLOW_QUERY_SECONDS = 0

    @pytest.mark.django_db
    def test_is_logged_without_its_values(self) -> None:
        with capture_logs() as logs, connection.cursor() as cursor:
            cursor.execute("SELECT %s, 'in quotes', 4711", ["a parameter"])

        [line] = logs
        assert line["sql"] == "SELECT %s, ?, ?"
        assert (line["event"], line["log_level"]) == ("slow_query", "warning")
        assert line["duration_ms"] >= 0

    @pytest.mark.django_db
    def test_is_logged_when_it_fails(self) -> None:
        with capture_logs() as logs, pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT nothing_of_that_name")

        assert [line["event"] for line in logs] == ["slow_query"]

    @pytest.mark.django_db
    def test_is_one_that_takes_as_long_as_the_setting_says(self, settings: Settings) -> None:
        settings.SLOW_QUERY_SECONDS = 0.05
        with capture_logs() as logs, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.execute("SELECT pg_sleep(0.1)")

        assert [line["sql"] for line in logs] == ["SELECT pg_sleep(?)"]


@pytest.mark.parametrize(
    ("sql", "logged"),
    [
        ('SELECT "a1"."b\'c" FROM t2 WHERE "x" = \'y\'', 'SELECT "a1"."b\'c" FROM t2 WHERE "x" = ?'),
        ("SELECT 'it''s', 1.5, -2", "SELECT ?, ?, -?"),
        (r"SELECT E'a\'b', 'c\', 'd'", "SELECT ?, ?, ?"),
        ("SELECT $$a'b$$, $x$c$$d$x$, $1", "SELECT ?, ?, $?"),
        ("SELECT 'no end", "SELECT ?"),
        (f"SELECT '{'x' * 5000}'", "SELECT ?"),
        (b"SELECT 'bytes'", "bytes"),
    ],
)
def test_values_that_stand_in_a_query_are_left_out(sql: object, logged: str) -> None:
    assert without_values(sql) == logged


def test_a_long_query_is_cut() -> None:
    assert len(without_values(f"SELECT {', '.join(['%s'] * 5000)}")) == 1000
