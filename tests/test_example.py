"""Without the feature `example`, a project has no trace of it. An update can remove it and bring it back."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import cast

import pytest
import yaml

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.git import git
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION, QUESTIONS
from tests.harness.updates import commit, copier, unmerged

pytestmark = pytest.mark.served

WITH: list[str] = QUESTIONS["features"]["default"]
WITHOUT = [feature for feature in WITH if feature != "example"]

# More words of the example.
WORDS = {"products", "sku"}


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Return the environment variables of real servers."""
    return {"DATABASE_URL": postgres.create_database("example"), "REDIS_URL": redis_url}


def names(project: Project) -> set[str]:
    """Return the names of apps, and of modules, commands and pages with several words in their name."""
    files = [path for path in project.files() if path.parts[0] in {"apps", "docs", "templates"}]
    apps = {path.parts[1] for path in files if path.parts[0] == "apps" and len(path.parts) > 2}
    return apps | {path.stem for path in files if "_" in path.stem and "migrations" not in path.parts}


def dependencies(project: Project) -> set[str]:
    """Return the names of all dependencies of a project."""
    configuration = tomllib.loads(project.read("pyproject.toml"))
    groups = [configuration["project"]["dependencies"], *configuration["dependency-groups"].values()]
    lines = [line for group in groups for line in group if isinstance(line, str)]
    return {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in lines}


def test_project_without_example_has_no_name_of_it(rendered: Render) -> None:
    full, bare = rendered({}), rendered({"features": WITHOUT})
    own = names(full) - names(bare)
    assert {"catalog", "orders", "seed_demo", "order_confirmation"} <= own
    trace = re.compile(rf"\b({'|'.join(sorted(own | WORDS))})\b", re.IGNORECASE)
    found = {
        f"{path}: {line.strip()}"
        for path in bare.files()
        for line in bare.read(str(path)).splitlines()
        if trace.search(line)
    }
    assert found == set()


def test_project_without_example_has_no_setting_of_it(install_project: Render) -> None:
    def settings(project: Project) -> tuple[set[str], set[str]]:
        names, apps = cast(
            "list[list[str]]",
            project.evaluate(
                "[sorted(name for name in dir(settings) if name.isupper()), [*settings.INSTALLED_APPS]]",
                "from django.conf import settings",
            ),
        )
        return set(names), set(apps)

    full, full_apps = settings(install_project({}))
    bare, bare_apps = settings(install_project({"features": WITHOUT}))
    assert bare == full
    assert full_apps - bare_apps == {"apps.catalog", "apps.orders"}
    assert bare_apps < full_apps


def test_project_without_example_has_no_dependency_and_no_variable_of_it(rendered: Render) -> None:
    full, bare = rendered({}), rendered({"features": WITHOUT})
    # For its migrations, and its types. Every project has its other dependencies.
    assert dependencies(full) - dependencies(bare) == {"django-pg-migration-tools", "types-django-filter"}
    assert dependencies(bare) < dependencies(full)
    assert full.read(".env.example") == bare.read(".env.example")


def switch(project: Project, features: list[str]) -> None:
    """Update a project to other features, and commit."""
    copier(project, "update", "--quiet", "--defaults", "--data", f"features={features}")
    assert yaml.safe_load(project.read(".copier-answers.yml"))["features"] == features
    assert unmerged(project) == []
    commit(project, f"Update to {features}")


def test_update_removes_the_example_and_brings_it_back(
    template: Path, rendered: Render, tmp_path: Path, services: dict[str, str]
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(folder, {})
    copier(project, "copy", "--quiet", "--defaults", str(template), ".")
    commit(project, "Start")
    start = git(folder, "rev-parse", "HEAD^{tree}")

    switch(project, WITHOUT)
    bare = rendered({"features": WITHOUT})
    owned = {path for pattern in CONFIGURATION["_skip_if_exists"] for path in folder.glob(pattern)}
    assert project.files() == bare.files()
    differing = [
        str(path)
        for path in bare.files()
        if folder / path not in owned and project.read(str(path)) != bare.read(str(path))
    ]
    assert differing == []
    copy = share_environment(Project(shutil.copytree(folder, tmp_path / "bare"), {}))
    copy.make("check")
    copy.test(services)

    switch(project, WITH)
    assert git(folder, "rev-parse", "HEAD^{tree}") == start
