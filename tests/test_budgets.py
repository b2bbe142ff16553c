"""Generated projects stay within `budgets.toml`."""

import tomllib
from typing import Any

import pytest

from tests.conftest import Render
from tests.harness.paths import ROOT
from tests.harness.project import Project
from tests.harness.questions import VARIANTS, Answers

BUDGETS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))
INFRASTRUCTURE = (("apps", "core"), ("apps", "mail"), ("config",))


def measure(project: Project) -> dict[str, int]:
    """Return the sizes of a render, by their names in `budgets.toml`."""
    lines = {path: project.read(str(path)).count("\n") for path in project.files()}
    python = {path: count for path, count in lines.items() if path.suffix == ".py"}
    tests = {path: count for path, count in python.items() if "tests" in path.parts or path.name == "conftest.py"}
    infrastructure = [
        count
        for path, count in python.items()
        if path not in tests
        and "migrations" not in path.parts
        and any(path.parts[: len(folder)] == folder for folder in INFRASTRUCTURE)
    ]
    return {
        "lines": sum(lines.values()),
        "files": len(lines),
        "infrastructure": sum(infrastructure),
        "tests": sum(tests.values()),
    }


def excess(project: Project, budget: str) -> dict[str, int]:
    """Return by how much a render exceeds each of its budgets."""
    sizes = measure(project)
    return {name: sizes[name] - limit for name, limit in BUDGETS[budget].items() if sizes[name] > limit}


@pytest.mark.parametrize("variant", ["smallest", "default"])
def test_render_is_within_its_budget(variant: str, rendered: Render) -> None:
    assert excess(rendered(VARIANTS[variant]), variant) == {}


@pytest.mark.parametrize("feature", BUDGETS["features"])
def test_feature_adds_no_more_lines_than_it_states(feature: str, rendered: Render) -> None:
    smallest: Answers = VARIANTS["smallest"]
    added = measure(rendered({**smallest, "features": [feature]}))["lines"] - measure(rendered(smallest))["lines"]
    assert added <= BUDGETS["features"][feature]


@pytest.mark.parametrize("variant", ["smallest", "default"])
def test_module_of_100_lines_in_core_exceeds_the_budget(variant: str, render_project: Render) -> None:
    project = render_project(VARIANTS[variant])
    project.write("apps/core/extra.py", "# A line.\n" * 100)
    assert "infrastructure" in excess(project, variant)


def test_budgets_name_only_what_is_measured(rendered: Render) -> None:
    measured = set(measure(rendered(VARIANTS["smallest"])))
    assert all(set(BUDGETS[variant]) == measured for variant in ("smallest", "default"))
