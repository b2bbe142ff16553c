"""The settings of the connection pool, as the template ships them."""

from tests.effective import complete, show


def test_production_pools_database_connections() -> None:
    database = show(complete())["DATABASES"]["default"]

    assert database.get("CONN_MAX_AGE", 0) == 0
    pool = database["OPTIONS"]["pool"]
    # The pool gives up before the readiness probe does, and after it has tried to reconnect.
    assert 3 > pool["timeout"] > pool["reconnect_timeout"] > 0
