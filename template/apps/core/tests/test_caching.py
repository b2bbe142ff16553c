from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.core.caching import cached, invalidate_on_commit
from tests.concurrency import run_in_parallel, wait_until


def read(compute: Callable[[], object], *, name: str = "numbers", key: str = "") -> object:
    return cached(name, key=key, timeout=60, compute=compute)


@pytest.fixture
def compute() -> Callable[[], int]:
    """Return a function that returns how often it was called."""
    return iter(range(1, 100)).__next__


def test_value_is_computed_once_per_name_and_key(compute: Callable[[], int]) -> None:
    assert [read(compute) for _ in range(3)] == [1, 1, 1]
    assert [read(compute, key="any text é\n") for _ in range(2)] == [2, 2]
    assert read(compute, name="others") == 3


def test_one_of_ten_concurrent_callers_computes(compute: Callable[[], int]) -> None:
    callers = set[int]()

    def caller(number: int) -> Callable[[], object]:
        def call() -> object:
            callers.add(number)
            return read(slow)

        return call

    def slow() -> int:
        wait_until(lambda: len(callers) == 10)
        return compute()

    assert run_in_parallel(*[caller(number) for number in range(10)]) == [1] * 10


@pytest.mark.django_db
@pytest.mark.parametrize(("is_rolled_back", "expected"), [(False, 2), (True, 1)])
def test_values_are_invalidated_when_the_transaction_commits(
    compute: Callable[[], int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    *,
    is_rolled_back: bool,
    expected: int,
) -> None:
    read(compute)

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        invalidate_on_commit("numbers")
        assert read(compute) == 1
        transaction.set_rollback(is_rolled_back)

    assert read(compute) == expected


@pytest.mark.django_db(transaction=True)
def test_value_computed_from_old_data_is_not_returned() -> None:
    def compute_while_data_changes() -> str:
        invalidate_on_commit("numbers")
        return "old"

    assert read(compute_while_data_changes) == "old"
    assert read(lambda: "new") == "new"
