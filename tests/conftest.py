"""Fixtures: a snapshot of the template, renders of it, and servers."""

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from tests.harness.environments import share_environment
from tests.harness.git import commit_everything
from tests.harness.matrix import reproduction
from tests.harness.paths import BUILD, ROOT
from tests.harness.ports import free_port
from tests.harness.postgres import Postgres, run_postgres
from tests.harness.project import Project
from tests.harness.questions import Answers
from tests.harness.redis_server import run_redis
from tests.harness.render import render
from tests.harness.serving import production_variables
from tests.harness.snapshot import take_snapshot
from tests.harness.summary import table_of, variant_runs
from tests.harness.versions import make_versions

Render = Callable[[Answers], Project]


# What `make test` leaves to `make test-rest`.
NOT_QUICK = {"overlay", "served", "updates", "matrix", "faults"}
LONGEST = {"overlay", "updates", "matrix"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out of a run that names neither a marker nor a file, and start the longest first."""
    # So that at the end no process waits long for the other.
    items.sort(key=lambda item: LONGEST.isdisjoint(marker.name for marker in item.iter_markers()))
    names_a_file = [Path(argument).resolve() for argument in config.args] != [ROOT / "tests"]
    if config.getoption("markexpr") or names_a_file:
        return
    quick = [item for item in items if not NOT_QUICK & {marker.name for marker in item.iter_markers()}]
    config.hook.pytest_deselected(items=[item for item in items if item not in quick])
    items[:] = quick


class RecordVariant(Protocol):
    """Record a variant for the table at the end: its name, the part that ran, and its answers."""

    def __call__(
        self, name: str, part: str, answers: Answers, *, variables: Mapping[str, str] | None = None
    ) -> None: ...


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ignore the Copier settings of the user who runs the tests: they may trust this template."""
    settings = tmp_path_factory.mktemp("copier") / "settings.yml"
    settings.write_text("{}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COPIER_SETTINGS_PATH", str(settings))
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean repository with the template of the working tree."""
    return take_snapshot(tmp_path_factory.mktemp("template") / "snapshot")


@pytest.fixture(scope="session")
def texts_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a template with only those files that contain answers: it renders in a fraction of the time."""
    folder = tmp_path_factory.mktemp("texts") / "template"
    shutil.copytree(template, folder, ignore=lambda _, names: {".git", "docs", "tests", "benchmarks"} & set(names))
    for path in (folder / "template").rglob("*"):
        if path.is_file() and path.suffix != ".jinja":
            path.unlink()
    commit_everything(folder, "Files with answers", tag="0.0.1")
    return folder


@pytest.fixture
def render_texts(texts_template: Path, tmp_path: Path) -> Render:
    """Return a function that renders only the files that contain answers."""
    numbers = itertools.count(1)
    return lambda answers: render(texts_template, tmp_path / f"texts-{next(numbers)}", answers)


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a template repository with every release, the working tree and a later version."""
    return make_versions(tmp_path_factory.mktemp("versions") / "template")


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return a function that renders a project once for all tests, which must not change it."""
    projects: dict[str, Project] = {}

    def project(answers: Answers) -> Project:
        key = json.dumps(answers, sort_keys=True)
        if key not in projects:
            projects[key] = render(template, tmp_path_factory.mktemp("rendered") / "project", answers)
        return projects[key]

    return project


@pytest.fixture
def render_project(rendered: Render, tmp_path: Path) -> Render:
    """Return a function that renders a project for one test."""
    numbers = itertools.count(1)

    def project(answers: Answers) -> Project:
        original = rendered(answers)
        copy = tmp_path / f"project-{next(numbers)}"
        return Project(shutil.copytree(original.path, copy), answers)

    return project


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL server."""
    with run_postgres() as server:
        yield server


def with_database(project: Project, postgres: Postgres) -> Project:
    """Create the database of a project, and return the project with its URL."""
    database = postgres.create_database("development")
    return replace(project, variables={**project.variables, "DATABASE_URL": database})


@pytest.fixture
def install_project(render_project: Render, postgres: Postgres) -> Render:
    """Return a function that renders and installs a project for one test, and creates its database."""
    return lambda answers: with_database(share_environment(render_project(answers)), postgres)


@pytest.fixture
def install_variant(render_project: Render, postgres: Postgres) -> Render:
    """Return what `install_project` returns, for a test with one project: variants take turns in an environment."""
    return lambda answers: with_database(share_environment(render_project(answers), takes_turns=True), postgres)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Start an empty Redis server, and return its URL."""
    with run_redis(tmp_path / "redis") as url:
        yield url


@pytest.fixture
def smtp_port() -> int:
    """Return a free port for a mail server."""
    return free_port()


@pytest.fixture
def variables(postgres: Postgres, redis_url: str, smtp_port: int) -> dict[str, str]:
    """Return the environment variables of a production whose mail server is not running."""
    return {
        **production_variables(postgres.create_database("production"), redis_url),
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
    }


@pytest.fixture
def database(variables: dict[str, str]) -> Iterator[psycopg.Connection]:
    """Return a connection to the production database."""
    with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def record_variant(record_property: Callable[[str, object], None]) -> RecordVariant:
    """Return a function that records a variant for the table at the end."""

    def record(name: str, part: str, answers: Answers, *, variables: Mapping[str, str] | None = None) -> None:
        record_property("variant", [name, part, reproduction(answers, variables=variables)])

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which variants ran, how long that took, and the commands that reproduce failures.

    The same table goes to `build/variants.md`, and to the page of the run where GitHub asks for one.
    """
    reports = [
        report for outcome in ("", "passed", "failed", "error") for report in terminalreporter.getreports(outcome)
    ]
    runs = variant_runs([report for report in reports if isinstance(report, pytest.TestReport)])
    if not runs:
        return
    table = table_of(runs)
    terminalreporter.section("variants")
    terminalreporter.write(table)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "variants.md").write_text(table, encoding="utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(table)
