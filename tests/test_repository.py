"""Facts that several files of this repository state are the same in each."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import Render
from tests.harness.commands import execute
from tests.harness.git import git
from tests.harness.paths import PROGRAMS, ROOT
from tests.harness.questions import CONFIGURATION, PYTHON_VERSIONS, VARIANTS

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Put together here, so that this file passes its own test.
FORBIDDEN = {
    "a package registry's host": ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.", "crates" + ".io"],
    "a path of one machine": [f"/{folder}/" for folder in ("ro" + "ot", "wo" + "rk", "ho" + "me")]
    + ["/opt/" + "tools", "/opt/" + "py" + "pi"],
}


def tracked_texts() -> dict[str, str]:
    """Return the text files that git has or would take, and what they hold."""
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    contents = {name: (ROOT / name).read_bytes() for name in filter(None, names) if (ROOT / name).is_file()}
    return {name: content.decode("utf-8") for name, content in contents.items() if b"\0" not in content}


def requirement(name: str) -> Requirement:
    """Return what the tests' own environment asks of a package."""
    return next(found for line in PROJECT["dependency-groups"]["dev"] if (found := Requirement(line)).name == name)


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_contains_paths_of_one_machine(kind: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        for forbidden in FORBIDDEN[kind]
        if forbidden in line
    ]
    assert found == []


def test_git_ignores_no_file_of_the_template() -> None:
    """The `.gitignore` of the generated project works inside `template/` too, and could hide a file from git."""
    ignored = git(ROOT, "ls-files", "--others", "--ignored", "--exclude-standard", "template").splitlines()
    assert [name for name in ignored if "__pycache__" not in name and "_cache/" not in name] == []


def test_oldest_supported_copier_is_within_the_tested_range() -> None:
    floor = next(spec.version for spec in requirement("copier").specifier if spec.operator == ">=")
    assert Version(CONFIGURATION["_min_copier_version"]) == Version(floor)


def test_renders_are_linted_with_the_ruff_of_projects(rendered: Render) -> None:
    local = tomllib.loads(rendered({}).read("pyproject.toml"))["dependency-groups"]["local"]
    assert requirement("ruff") in [Requirement(line) for line in local if isinstance(line, str)]


def test_every_dependency_has_a_lower_and_an_upper_bound(rendered: Render) -> None:
    project = tomllib.loads(rendered(VARIANTS["largest"]).read("pyproject.toml"))
    lines = [*PROJECT["dependency-groups"]["dev"], *project["project"]["dependencies"]]
    lines += [line for group in project["dependency-groups"].values() for line in group if isinstance(line, str)]
    assert len(lines) > 50
    assert [line for line in lines if {spec.operator for spec in Requirement(line).specifier} != {">=", "<"}] == []


def test_workflow_runs_every_supported_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    tested = {version for job in workflow["jobs"].values() for version in _python_versions(job)}
    oldest = next(spec.version for spec in Requirement(f"python{PROJECT['project']['requires-python']}").specifier)
    assert tested >= {oldest, *PYTHON_VERSIONS}


def _python_versions(job: dict[str, Any]) -> list[str]:
    """Return the Python versions in the matrix of a job."""
    return list(job.get("strategy", {}).get("matrix", {}).get("python", []))


def test_newest_changelog_entry_is_this_version_or_unreleased() -> None:
    entries = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert entries[0] in {"Unreleased", PROJECT["project"]["version"]}


def test_workflow_of_this_repository_passes_its_linters() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*"))
    schema = ("--builtin-schema", "vendor.github-workflows")
    execute(PROGRAMS / "check-jsonschema", *schema, *workflows, directory=ROOT)
    execute(PROGRAMS / "zizmor", "--offline", "--no-progress", *workflows, directory=ROOT)
