"""Rates are exact, with Redis and without."""

import math
import os
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from apps.core.rate_limits import count, parse_rate
from tests.concurrency import run_in_parallel


@pytest.fixture(params=["redis", "memory"])
def _counter(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Count in Redis, and in memory."""
    if request.param == "memory":
        backend = "django.core.cache.backends.locmem.LocMemCache"
        settings.CACHES = {"default": {"BACKEND": backend, "KEY_PREFIX": uuid4().hex}}
    elif not os.environ.get("REDIS_URL"):
        pytest.skip("REDIS_URL is not set, and there is no redis-server")


@pytest.mark.usefixtures("_counter")
def test_of_parallel_requests_exactly_the_allowed_number_pass() -> None:
    waits = run_in_parallel(*[lambda: count({"user:1": parse_rate("20/day")})] * 40)

    assert waits.count(0) == 20
    # Until one more request is allowed, not until all are.
    assert 24 * 60 * 60 / 20 in [math.ceil(wait) for wait in waits if isinstance(wait, float)]


@pytest.mark.usefixtures("_counter")
def test_request_that_one_rate_refuses_is_counted_by_none() -> None:
    narrow, wide = {"narrow": parse_rate("1/day")}, {"wide": parse_rate("2/day")}

    assert count({**narrow, **wide}) == 0
    assert count({**narrow, **wide}) > 0
    assert [count(wide) == 0, count(wide) == 0] == [True, False]


@pytest.mark.usefixtures("_counter")
def test_higher_rate_applies_at_once() -> None:
    assert count({"user:1": parse_rate("1/day")}) == 0

    assert count({"user:1": parse_rate("1000/hour")}) <= 60 * 60 / 1000


@pytest.mark.parametrize("text", ["", "100", "100/year", "0/min", "-5/hour", "2000000/s", "many/hour"])
def test_text_that_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="throttle rate"):
        parse_rate(text)
