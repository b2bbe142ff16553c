"""The settings of database connections behind PgBouncer, as the template ships them."""

from config.env import BASE_DIR
from tests.effective import complete, show


def test_production_leaves_pooling_to_pgbouncer() -> None:
    database = show(complete())["DATABASES"]["default"]

    is_async = "server: asgi" in (BASE_DIR / ".copier-answers.yml").read_text()
    assert database.get("CONN_MAX_AGE", 0) == (0 if is_async else 60)
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert "pool" not in database["OPTIONS"]
