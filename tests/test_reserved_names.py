"""No project can take the name of something that it stands on."""

import json
import keyword
import re
import shutil
import sys

import pytest
import yaml

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.project import Project
from tests.harness.questions import QUESTIONS, VARIANTS

# One process runs them all, so that they share one environment.
pytestmark = pytest.mark.xdist_group("reserved names")

RESERVED = set(yaml.safe_load(QUESTIONS["reserved_names"]["default"]))

SLUG = re.compile(r"[a-z][a-z0-9_]*")

# Printed as one JSON object by the Python of the largest project.
_INSTALLED = """
import json, sys
from importlib.metadata import distributions, packages_distributions
print(json.dumps({
    "standard library": sorted(sys.stdlib_module_names),
    "distributions": [distribution.metadata["Name"] for distribution in distributions()],
    "modules": list(packages_distributions()),
}))
"""


@pytest.fixture(scope="module")
def installed(rendered: Render, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Give the names of all that the largest project installs."""
    original = rendered(VARIANTS["largest"])
    copy = tmp_path_factory.mktemp("largest") / "project"
    project = share_environment(Project(shutil.copytree(original.path, copy), original.answers))
    names: dict[str, list[str]] = json.loads(project.python("-c", _INSTALLED).stdout)
    return names


def slugs(names: list[str]) -> set[str]:
    """Return those of some names that a project could have as its slug."""
    normalised = {re.sub(r"[-.]+", "_", name).lower() for name in names}
    return {name for name in normalised if SLUG.fullmatch(name)}


def test_they_are_listed_once_and_in_order() -> None:
    listed = yaml.safe_load(QUESTIONS["reserved_names"]["default"])
    assert listed == sorted(set(listed))


def test_python_keywords_are_reserved() -> None:
    assert slugs([*keyword.kwlist, *keyword.softkwlist]) <= RESERVED


def test_the_standard_library_is_reserved() -> None:
    """That of the Python that runs this; the one below is the project's."""
    assert slugs([name for name in sys.stdlib_module_names if not name.startswith("_")]) <= RESERVED


@pytest.mark.parametrize("kind", ["standard library", "distributions", "modules"])
def test_what_the_largest_project_installs_is_reserved(kind: str, installed: dict[str, list[str]]) -> None:
    """A project that is named as something it installs, however deep, cannot be resolved or imported."""
    assert sorted(slugs([name for name in installed[kind] if not name.startswith("_")]) - RESERVED) == []


def test_the_folders_of_a_project_are_reserved(rendered: Render) -> None:
    folders = [path.parts[0] for path in rendered(VARIANTS["largest"]).files() if len(path.parts) > 1]
    assert slugs(folders) <= RESERVED


@pytest.mark.parametrize("name", ["Django", "test", "Class", "True", "REST framework"])
def test_a_default_slug_never_is_a_reserved_name(name: str, rendered: Render) -> None:
    project = rendered({"project_name": name})
    assert yaml.safe_load(project.read(".copier-answers.yml"))["project_slug"] not in RESERVED
