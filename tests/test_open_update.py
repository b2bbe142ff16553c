"""The scheduled CI job opens a pull request if there is a newer template version."""

import json
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.git import git
from tests.harness.paths import PROGRAMS
from tests.harness.project import Project
from tests.harness.updates import commit, copier
from tests.harness.versions import LATER, NEXT

pytestmark = pytest.mark.updates

BRANCH = "template-update"

# A replacement of GitHub's `gh`: it records its calls, and lists the open pull request.
GH = """#!/usr/bin/env python3
import json, pathlib, sys
asked = pathlib.Path(__file__).with_name("asked.json")
calls = json.loads(asked.read_text()) if asked.exists() else []
if sys.argv[1:3] == ["pr", "list"]:
    print("\\n".join("7" for call in calls if call[:2] == ["pr", "create"]))
else:
    asked.write_text(json.dumps([*calls, sys.argv[1:]]))
"""

# Runs in the repository that is pushed to: writes down the options of the push.
HOOK = """#!/bin/sh
env | grep ^GIT_PUSH_OPTION_[0-9] | sort > "$GIT_DIR/asked"
"""


def executable(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Give the repository that a project is pushed to."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin")
    git(tmp_path / "origin", "config", "receive.advertisePushOptions", "true")
    executable(tmp_path / "origin" / "hooks" / "post-receive", HOOK)
    return tmp_path / "origin"


def checked_out(versions: Path, origin: Path, ci: str, version: str = NEXT) -> Project:
    """Return the checkout of a project that was rendered from a version, and pushed."""
    folder = origin.parent / "project"
    folder.mkdir()
    programs = origin.parent / "programs"
    executable(programs / "gh", GH)
    (programs / "copier").symlink_to(PROGRAMS / "copier")
    project = Project(folder, {"ci": ci}, {"UPDATE_URL": str(origin)})
    answers = ("--data", f"ci={ci}", "--vcs-ref", version)
    copier(project, "copy", "--quiet", "--defaults", *answers, str(versions), ".")
    commit(project, "Start")
    git(folder, "remote", "add", "origin", str(origin))
    git(folder, "push", "--quiet", "origin", "main")
    return project


def run(project: Project) -> str:
    """Do what the scheduled job does, on a clean checkout of main."""
    git(project.path, "switch", "--quiet", "main")
    programs = project.path.parent / "programs"
    path = f"{programs}:{project.environment()['PATH']}"
    return project.run("scripts/open_update.sh", env={"PATH": path}).stdout


def asked(project: Project) -> list[list[str]]:
    """Return what GitHub was asked to do."""
    file = project.path.parent / "programs" / "asked.json"
    calls: list[list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return calls


def test_newer_version_becomes_one_pull_request_on_github(versions: Path, origin: Path) -> None:
    project = checked_out(versions, origin, "github")

    run(project)
    run(project)

    assert git(origin, "log", "-1", "--format=%s", BRANCH).strip() == f"Update to {LATER} of the template"
    assert f"_commit: {LATER}" in git(origin, "show", f"{BRANCH}:.copier-answers.yml")
    assert git(origin, "rev-parse", f"{BRANCH}~1") == git(origin, "rev-parse", "main")
    create, edit = asked(project)
    assert create[:4] == ["pr", "create", "--head", BRANCH]
    assert edit[:3] == ["pr", "edit", "7"]
    for call in (create, edit):
        assert call[call.index("--title") + 1] == f"Update to {LATER} of the template"


def test_push_creates_a_merge_request_on_gitlab(versions: Path, origin: Path) -> None:
    run(checked_out(versions, origin, "gitlab"))

    assert f"_commit: {LATER}" in git(origin, "show", f"{BRANCH}:.copier-answers.yml")
    options = (origin / "asked").read_text(encoding="utf-8")
    assert "GIT_PUSH_OPTION_0=merge_request.create" in options
    assert f"GIT_PUSH_OPTION_1=merge_request.title=Update to {LATER} of the template" in options


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_commits_of_a_person_on_the_branch_are_kept(ci: str, versions: Path, origin: Path) -> None:
    project = checked_out(versions, origin, ci)
    run(project)
    git(project.path, "commit", "--quiet", "--allow-empty", "--message", "Locked")
    ada = {"GIT_COMMITTER_EMAIL": "ada@example.com"}
    project.run("git", "commit", "--quiet", "--amend", "--no-edit", "--allow-empty", env=ada)
    git(project.path, "push", "--quiet", str(origin), BRANCH)
    theirs = git(origin, "rev-parse", BRANCH)
    known = len(asked(project))

    assert "The branch template-update has commits of a person" in run(project)

    assert git(origin, "rev-parse", BRANCH) == theirs
    assert len(asked(project)) == known


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_without_a_newer_version_nothing_is_pushed(ci: str, versions: Path, origin: Path) -> None:
    project = checked_out(versions, origin, ci, LATER)

    assert "The project is up to date." in run(project)

    assert git(origin, "branch", "--list", BRANCH) == ""
    assert asked(project) == []


def test_conflicts_are_named_in_the_pull_request(versions: Path, origin: Path) -> None:
    project = checked_out(versions, origin, "github")
    project.append("Makefile", "\n\n# Mine, in the very place where a later version has its own.\n")
    commit(project, "Mine")

    run(project)

    [create] = asked(project)
    assert create[create.index("--title") + 1].endswith("with conflicts")
    assert "- `Makefile`" in create[create.index("--body") + 1]


def test_unreachable_template_is_an_error_and_nothing_is_pushed(versions: Path, origin: Path) -> None:
    project = checked_out(versions, origin, "github")
    project.replace(".copier-answers.yml", str(versions), str(versions / "gone"))
    commit(project, "The template has moved")

    with pytest.raises(AssertionError, match="open_update"):
        run(project)

    assert git(origin, "branch", "--list", BRANCH) == ""


def test_update_files_exist_only_for_the_ci_that_uses_them(rendered: Render) -> None:
    for ci, workflow in (("github", True), ("gitlab", False), ("none", False)):
        project = rendered({"ci": ci})
        assert (project.path / ".github" / "workflows" / "update.yml").exists() == workflow
        assert (project.path / "scripts" / "open_update.sh").exists() == (ci != "none")
        assert (project.path / "renovate.json").exists() == (ci != "none")
