"""Of several calls that use one refresh token at once one wins, and the generated test of it bites."""

import re

import pytest

from tests.conftest import Render
from tests.harness.postgres import Postgres
from tests.harness.project import Project

pytestmark = pytest.mark.served

TEST = "apps/users/tests/test_sessions.py::test_of_eight_refreshes_at_once_one_wins"
ROUNDS = 20


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give the variables that lead a project to real servers."""
    return {"DATABASE_URL": postgres.create_database("races"), "REDIS_URL": redis_url}


def use_the_view_of_the_library(project: Project) -> None:
    """Put the library's own view in the place of the project's."""
    project.replace("apps/users/urls.py", "views.TokenRefreshView.as_view()", "TokenRefreshView.as_view()")
    project.replace(
        "apps/users/urls.py",
        "from django.urls import path\n",
        "from django.urls import path\nfrom rest_framework_simplejwt.views import TokenRefreshView\n",
    )


def test_one_wins(install_project: Render, services: dict[str, str]) -> None:
    answer = install_project({}).python("-m", "pytest", "--no-cov", TEST, env=services)
    assert "1 passed" in answer.stdout


def test_with_the_view_of_the_library_several_win(install_project: Render, services: dict[str, str]) -> None:
    project = install_project({})
    use_the_view_of_the_library(project)
    answer = project.python("-m", "pytest", "--no-cov", "-vv", TEST, env=services, check=False)
    # How many won, round by round, as the failure says it.
    said = re.search(r"assert \[([\d, \n]+)\] == \[1, 1", answer.stdout)
    assert said, answer.stdout + answer.stderr
    winners = [int(count) for count in said[1].split(",")]
    assert len(winners) == ROUNDS
    assert max(winners) > 1
