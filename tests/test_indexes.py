"""Every index of orders is still used with many rows. `tests/overlay/example` checks a few."""

import pytest

from tests.conftest import Render
from tests.harness.overlay import OVERLAY
from tests.harness.postgres import Postgres

pytestmark = pytest.mark.served

TEST = "apps/orders/tests/test_indexes.py"
ROWS = "200000"


def test_every_index_is_used_with_many_rows(install_project: Render, postgres: Postgres, redis_url: str) -> None:
    project = install_project({})
    project.write(TEST, (OVERLAY / "example" / TEST).read_text(encoding="utf-8"))
    services = {"DATABASE_URL": postgres.create_database("indexes"), "REDIS_URL": redis_url}

    result = project.python("-m", "pytest", "--no-cov", TEST, env={**services, "SEED_ORDERS": ROWS})

    assert "1 passed" in result.stdout
