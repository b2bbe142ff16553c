"""Each request and task counts its own queries."""

import asyncio
from contextvars import Context
from threading import Thread
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path

from apps.core.access_log import query_count, start_counting

pytestmark = pytest.mark.django_db(transaction=True)


def query(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


def count_of(times: int) -> int:
    start_counting()
    query(times)
    return query_count()


def view(_request: HttpRequest) -> JsonResponse:
    query(2)
    return JsonResponse({"queries": query_count()})


async def async_view(_request: HttpRequest) -> JsonResponse:
    await sync_to_async(query)(1)
    await asyncio.gather(*(sync_to_async(query)(1) for _ in range(2)))
    return JsonResponse({"queries": query_count()})


urlpatterns = [path("two/", view), path("three/", async_view)]


def test_each_query_counts_once_and_many_rows_count_as_one() -> None:
    assert count_of(3) == 3
    with connection.cursor() as cursor:
        cursor.executemany("SELECT %s", [(1,), (2,)])
    assert query_count() == 4


def test_queries_outside_of_requests_and_tasks_are_not_counted() -> None:
    def outside() -> int:
        query(1)
        return query_count()

    assert Context().run(outside) == 0


def test_reconnect_counts_each_query_once() -> None:
    connection.close()
    query(1)

    assert count_of(1) == 1


def test_counting_survives_the_end_of_execute_wrapper() -> None:
    seen: list[str] = []
    results: list[int] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    def connect_inside_the_block() -> None:
        # Django removes the last wrapper at the end of the block, and the connection is opened inside of it.
        with connection.execute_wrapper(note):
            query(1)
        inside = len(seen)
        results.extend([inside, count_of(1), len(seen) - inside])
        connection.close()

    thread = Thread(target=connect_inside_the_block)
    thread.start()
    thread.join()

    inside, count_after, seen_after = results
    assert inside >= 1
    assert (count_after, seen_after) == (1, 0)


def test_queries_of_another_thread_are_not_counted() -> None:
    def other() -> None:
        query(2)
        connection.close()

    start_counting()
    thread = Thread(target=Context().run, args=(other,))
    thread.start()
    thread.join()

    assert query_count() == 0


@pytest.mark.urls(__name__)
def test_each_request_counts_its_own_queries(client: Client) -> None:
    assert [client.get("/two/").json() for _ in range(2)] == [{"queries": 2}] * 2


@pytest.mark.urls(__name__)
def test_each_request_on_an_event_loop_counts_the_queries_of_all_its_threads(async_client: AsyncClient) -> None:
    async def both() -> list[int]:
        answers = await asyncio.gather(async_client.get("/two/"), async_client.get("/three/"))
        # The connections of the thread that ran the views.
        await sync_to_async(connections.close_all)()
        return [answer.json()["queries"] for answer in answers]

    assert asyncio.run(both()) == [2, 3]
