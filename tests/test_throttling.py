"""Throttling on a served project, by several processes and threads."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.serving import serve
from tests.harness.shop import Shop

pytestmark = pytest.mark.served

CALLS, LIMIT, CLIENTS = 2000, 1000, 16


def test_of_parallel_calls_of_one_user_exactly_the_limit_passes(
    render_project: Render, variables: dict[str, str], database: psycopg.Connection
) -> None:
    project = share_environment(render_project({}), PRODUCTION)
    # One more call per 86 seconds: none during the test.
    variables |= {"API_THROTTLE_RATES": f"user={LIMIT}/day"}
    with serve(project, variables) as address, ThreadPoolExecutor(CLIENTS) as threads:
        shop = Shop.open(project, variables, database, address, units=1)
        with httpx.Client(base_url=address, headers=shop.headers, timeout=60) as client:
            answers = threads.map(lambda _: client.get("/api/v1/users/me/").status_code, range(CALLS))
            statuses = Counter(answers)

    assert statuses == {httpx.codes.OK: LIMIT, httpx.codes.TOO_MANY_REQUESTS: CALLS - LIMIT}
