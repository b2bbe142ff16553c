"""The harness does what the other tests rely on."""

from pathlib import Path

import psycopg
import pytest
import redis

from tests.harness.commands import CommandFailedError, clean_environment, execute
from tests.harness.git import git
from tests.harness.postgres import Postgres
from tests.harness.processes import background
from tests.harness.questions import FEATURES, VARIANTS
from tests.harness.redis_server import bundled_program, run_redis
from tests.harness.waiting import wait_until


def test_failed_command_is_reported_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"(?s)status 3: sh -c.*to stdout.*to stderr"):
        execute("sh", "-c", "echo to stdout; echo to stderr >&2; exit 3", directory=tmp_path)


def test_commands_do_not_inherit_variables_of_the_test_session(monkeypatch: pytest.MonkeyPatch) -> None:
    makes = ("ARGS", "MAKEFLAGS")
    for name in (*makes, "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "GIT_DIR"):
        monkeypatch.setenv(name, "foreign")
    assert "foreign" not in clean_environment().values()


def test_process_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with background(
        *("sh", "-c", "sleep 1000 & echo $!; wait"),
        directory=tmp_path,
        environment=clean_environment(),
        log=tmp_path / "log",
    ) as process:
        child = wait_until(lambda: process.output().strip(), "child")
        assert _runs(child)
    assert process.ended()
    # The kernel ends it in its own time.
    wait_until(lambda: not _runs(child), "end of the child", deadline=10)


def _runs(process_id: str) -> bool:
    """Return whether a process runs. A zombie has ended."""
    state = Path(f"/proc/{process_id}/stat")
    return state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def test_waiting_stops_when_the_condition_cannot_come_true() -> None:
    with pytest.raises(AssertionError, match="no answer: it died"):
        wait_until(lambda: None, "answer", hopeless=lambda: "it died")


def test_waiting_stops_at_its_deadline() -> None:
    with pytest.raises(AssertionError, match="no answer after 0 s"):
        wait_until(lambda: None, "answer", deadline=0)


def test_postgres_gives_empty_databases(postgres: Postgres) -> None:
    for _ in range(2):
        with psycopg.connect(postgres.create_database("harness")) as connection:
            connection.execute("CREATE TABLE proof (number int)")


def test_redis_of_the_wheel_works(tmp_path: Path) -> None:
    with run_redis(tmp_path / "redis", bundled_program()) as url, redis.Redis.from_url(url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_snapshot_is_a_clean_repository_with_uncommitted_files(template: Path) -> None:
    assert git(template, "status", "--porcelain") == ""
    assert "tests/test_harness.py" in git(template, "ls-files").splitlines()


def test_largest_variant_has_every_feature_and_the_smallest_none() -> None:
    assert VARIANTS["largest"]["features"] == FEATURES
    assert VARIANTS["largest"]["server"] == "asgi"
    assert VARIANTS["smallest"] == {"features": [], "ci": "none"}
