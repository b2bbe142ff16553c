"""Of concurrent refreshes with one token one wins, and the generated test of it fails without the protection."""

import re

import pytest

from tests.conftest import Render
from tests.harness.postgres import Postgres
from tests.harness.project import Project

pytestmark = pytest.mark.served

TEST = "apps/users/tests/test_sessions.py::test_concurrent_refreshes_with_one_token_have_one_winner"
ROUNDS = 5


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Return the variables with which a project uses real servers."""
    return {"DATABASE_URL": postgres.create_database("races"), "REDIS_URL": redis_url}


def remove_the_condition_of_the_update(project: Project) -> None:
    """Let the update of a session succeed whichever refresh token is the current one."""
    project.replace("apps/users/sessions.py", 'filter(pk=session.pk, refresh_id=token["jti"])', "filter(pk=session.pk)")


def test_concurrent_refreshes_have_one_winner(install_project: Render, services: dict[str, str]) -> None:
    run = install_project({}).python("-m", "pytest", "--no-cov", TEST, env=services)
    assert "1 passed" in run.stdout


def test_concurrent_refreshes_without_the_condition_have_several_winners(
    install_project: Render, services: dict[str, str]
) -> None:
    project = install_project({})
    remove_the_condition_of_the_update(project)
    run = project.python("-m", "pytest", "--no-cov", "-vv", TEST, env=services, check=False)
    # The failure prints the winners of each round.
    failure = re.search(r"assert \[([\d, \n]+)\] == \[1, 1", run.stdout)
    assert failure, run.stdout + run.stderr
    winners = [int(count) for count in failure[1].split(",")]
    assert len(winners) == ROUNDS
    assert max(winners) > 1
