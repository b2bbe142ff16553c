"""The template's own machinery holds, in a default and in the largest project: see `tests/overlay/`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.overlay import CONDITIONS, OVERLAY, files_with_tests, install_requirements, lay_over
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import COVERING
from tests.harness.redis_server import bundled_program, machine_program, run_redis

pytestmark = pytest.mark.overlay

# Run with the overlay, so that the machinery is measured by all its tests.
SHIPPED = ("apps/core", "apps/mail", "tests")
COVERAGE = """\
[tool.coverage.run]
branch = true
source = ["apps/core", "apps/mail", "config"]
omit = ["*/tests/*", "*/migrations/*"]
patch = ["subprocess"]
parallel = true

[tool.coverage.report]
fail_under = 95
show_missing = true
skip_covered = true
exclude_also = ["if TYPE_CHECKING:"]
"""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("default", "largest")],
)
def overlaid(
    request: pytest.FixtureRequest, rendered: Render, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, list[str]]:
    """Give an installed project with the overlay, and the paths of the Python files that this adds."""
    answers = COVERING[request.param]
    copy = tmp_path_factory.mktemp("overlaid") / "project"
    project = share_environment(Project(shutil.copytree(rendered(answers).path, copy), answers))
    paths = lay_over(project)
    install_requirements(project)
    return project, paths


@pytest.fixture
def services(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Give the variables that lead a project to real servers, with `redis-server` for the tests that stop it."""
    program = machine_program() or bundled_program()
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    with run_redis(tmp_path / "redis") as redis_url:
        yield {"DATABASE_URL": postgres.create_database("overlay"), "REDIS_URL": redis_url}


def test_overlay_folders_are_named_after_conditions() -> None:
    folders = [
        folder.name for folder in OVERLAY.iterdir() if folder.is_dir() and not folder.name.startswith((".", "_"))
    ]
    assert [name for name in folders if not set(name.split("+")) <= CONDITIONS] == []


def test_overlay_passes_the_linter_and_type_checker_of_the_project(overlaid: tuple[Project, list[str]]) -> None:
    project, paths = overlaid
    project.run(".venv/bin/ruff", "check", "--quiet", *paths)
    project.run(".venv/bin/ruff", "format", "--check", "--quiet", *paths)
    project.run(".venv/bin/mypy", "--no-error-summary", *paths)


def test_overlay_passes_and_covers_the_machinery(
    overlaid: tuple[Project, list[str]], services: dict[str, str], tmp_path: Path
) -> None:
    project, paths = overlaid
    configuration = tmp_path / "coverage.toml"
    configuration.write_text(COVERAGE, encoding="utf-8")
    tests = [path for path in files_with_tests(paths) if not path.startswith(SHIPPED)]
    closing = project.python(
        *("-m", "pytest", "--numprocesses", "2", "--dist", "loadfile", "--durations", "10"),
        *("--cov", f"--cov-config={configuration}", "--cov-report", "term", *SHIPPED, *tests),
        env=services,
    ).stdout
    # With real servers there is nothing left to skip.
    assert "SKIPPED" not in closing
