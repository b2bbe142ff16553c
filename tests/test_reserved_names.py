"""No project can have the name of a package that it uses."""

import json
import keyword
import re
import shutil
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.project import Project
from tests.harness.questions import DJANGO_VERSIONS, QUESTIONS, VARIANTS

# One process runs them all, so that they share one environment.
pytestmark = pytest.mark.xdist_group("reserved names")

NAMES = QUESTIONS["reserved_names"]["default"].split()
RESERVED = set(NAMES)

SLUG = re.compile(r"[a-z][a-z0-9_]*")

# Printed as one JSON object by the Python of the largest project.
_KNOWN_TO_PYTHON = """
import json, sys
from importlib.metadata import packages_distributions
print(json.dumps({"": list(sys.stdlib_module_names), **packages_distributions()}))
"""


@pytest.fixture(scope="module", params=DJANGO_VERSIONS)
def largest(request: pytest.FixtureRequest, rendered: Render, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give the largest project, ready for development."""
    original = rendered({**VARIANTS["largest"], "django_version": request.param})
    copy = tmp_path_factory.mktemp("largest") / "project"
    return share_environment(Project(shutil.copytree(original.path, copy), original.answers))


def slugs(names: list[str]) -> set[str]:
    """Return those of some names that a project could have as its slug."""
    normalised = {re.sub(r"[-.]+", "_", name).lower() for name in names}
    return {name for name in normalised if SLUG.fullmatch(name)}


def direct_dependencies(project: Project) -> list[str]:
    """Return the packages that a project's pyproject.toml names, in its dependencies and in its groups."""
    configuration = tomllib.loads(project.read("pyproject.toml"))
    listed = [configuration["project"]["dependencies"], *configuration["dependency-groups"].values()]
    return [Requirement(line).name for lines in listed for line in lines if isinstance(line, str)]


def test_reserved_names_are_unique_and_sorted() -> None:
    assert sorted(RESERVED) == NAMES


def test_python_keywords_are_reserved() -> None:
    assert slugs([*keyword.kwlist, *keyword.softkwlist]) <= RESERVED


def test_direct_dependencies_are_reserved(largest: Project) -> None:
    assert sorted(slugs(direct_dependencies(largest)) - RESERVED) == []


def test_name_of_an_indirect_dependency_is_allowed(largest: Project, rendered: Render) -> None:
    """Those come and go: uv resolves a project even where its slug is the name of one."""
    packages = [package["name"] for package in tomllib.loads(largest.read("uv.lock"))["package"]]
    slug = min(slugs(packages) - RESERVED)
    project = rendered({**largest.answers, "project_slug": slug})
    project.run("uv", "lock", "--quiet", "--dry-run")


def test_importable_modules_are_reserved(largest: Project) -> None:
    """Those of the standard library, and those of the dependencies that the project itself names."""
    direct = slugs(direct_dependencies(largest))
    modules = json.loads(largest.python("-c", _KNOWN_TO_PYTHON).stdout)
    standard = [name for name in modules.pop("") if not name.startswith("_")]
    # A name with a hyphen holds types alone: no code can import it.
    imported = [module for module, packages in modules.items() if module.isidentifier() and slugs(packages) & direct]
    assert sorted(slugs([*standard, *imported]) - RESERVED) == []


def test_folders_of_a_project_are_reserved(rendered: Render) -> None:
    folders = [path.parts[0] for path in rendered(VARIANTS["largest"]).files() if len(path.parts) > 1]
    assert slugs(folders) <= RESERVED


@pytest.mark.parametrize("name", ["Django", "test", "Class", "True", "REST framework", "Flower"])
def test_default_slug_is_never_reserved(name: str, render_texts: Render) -> None:
    project = render_texts({"project_name": name})
    assert yaml.safe_load(project.read(".copier-answers.yml"))["project_slug"] not in RESERVED
