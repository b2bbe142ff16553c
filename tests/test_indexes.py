"""The generated test of indexes passes on many rows, and refuses a project that lacks any of them."""

import re

import pytest

from tests.conftest import Render
from tests.harness.postgres import Postgres
from tests.harness.project import Project

pytestmark = pytest.mark.served

TEST = "apps/orders/tests/test_indexes.py"
MANY = "200000"

INDEXES = [
    "orders_order_of_customer",
    "orders_order_by_status",
    "orders_order_pending",
    "orders_order_unconfirmed",
    "orders_order_placed",
    "orders_order_paid",
    "orders_order_refunded",
]

# Where indexes are made, and how the making of one begins.
MODELS = "apps/orders/models.py"
MAKING = {
    MODELS: r"models\.Index\(",
    "apps/orders/migrations/0002_order_indexes.py": r"AddIndexConcurrently\(",
    "apps/orders/migrations/0010_report_indexes.py": r"AddIndexConcurrently\(",
}


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give the variables that lead a project to real servers."""
    return {"DATABASE_URL": postgres.create_database("indexes"), "REDIS_URL": redis_url}


def drop(project: Project, index: str) -> None:
    """Take an index out of the model, and out of the migration that makes it."""
    found = []
    for name, start in MAKING.items():
        # Up to the bracket that is closed at the end of its first line, or stands below its beginning.
        inside = r"(?:\1 [^\n]*\n)*?"
        on_one_line, on_several = (
            rf'[^\n]*name="{index}"\),\n',
            rf'\n{inside}\1 [^\n]*name="{index}"[^\n]*\n{inside}\1\),\n',
        )
        pattern = rf"^( +){start}(?:{on_one_line}|{on_several})"
        text, count = re.subn(pattern, "", project.read(name), flags=re.MULTILINE)
        project.write(name, text)
        found += [name] * count
    assert len(found) == 2, f"{index} is made in {found}"
    assert found[0] == MODELS


def test_every_query_has_its_index_among_many_rows(install_project: Render, services: dict[str, str]) -> None:
    project = install_project({})
    answer = project.python("-m", "pytest", "--no-cov", TEST, env={**services, "SEED_ORDERS": MANY})
    assert "1 passed" in answer.stdout


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_that_is_missing_is_missed(index: str, install_project: Render, services: dict[str, str]) -> None:
    project = install_project({})
    drop(project, index)
    # The project is whole otherwise.
    project.make("migrations-check")
    answer = project.python("-m", "pytest", "--no-cov", TEST, env=services, check=False)
    assert answer.returncode == pytest.ExitCode.TESTS_FAILED, answer.stdout + answer.stderr
    assert index in answer.stdout


def test_every_index_of_orders_is_looked_at(install_project: Render) -> None:
    indexes = install_project({}).evaluate(
        "[index.name for index in Order._meta.indexes]", "from apps.orders.models import Order"
    )
    assert indexes == INDEXES
