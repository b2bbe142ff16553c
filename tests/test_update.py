"""`copier update`, from each release to the working tree and on, brings what is new and loses nothing of the user's."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from releases.cut import PROJECTS
from releases.frozen import thaw
from releases.history import supported_releases
from tests.harness.edits import Outcome, edits_of, table
from tests.harness.environments import runnable_python_versions, share_environment
from tests.harness.git import git
from tests.harness.matrix import RENDERS, name_of
from tests.harness.paths import PROGRAMS, ROOT
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION, FEATURES, QUESTIONS, Answers
from tests.harness.render import render
from tests.harness.updates import commit, copier, unmerged
from tests.harness.versions import LATER, LATER_LINE, NEW_LATER, NEXT

pytestmark = pytest.mark.updates

# The versions that projects are updated from, with the answers of these projects. Until there is a release,
# the working tree stands in for one.
STARTS = {release.tag: thaw(release.version)["answers"] for release in supported_releases(ROOT)} or {
    NEXT: list(RENDERS.values())[:PROJECTS]
}

RENAMED = {"project_name": "Another & Co", "project_slug": "another"}


@dataclass(frozen=True)
class Case:
    """A project that is updated: the version that it was rendered from, and the answers given then."""

    tag: str
    answers: Answers


def cases() -> list[object]:
    """Return each start with each of its answers."""
    return [
        pytest.param(Case(tag, answers), id=f"{tag} {name_of(answers) or 'default'}")
        for tag, projects in STARTS.items()
        for answers in projects
    ]


def runnable(answers: Answers) -> Answers:
    """Return answers with a Python that this machine has."""
    pythons = runnable_python_versions()
    version = answers.get("python_version", QUESTIONS["python_version"]["default"])
    return answers if version in pythons else {**answers, "python_version": pythons[-1]}


def switched(answers: Answers) -> list[str]:
    """Return the features of a project after its first one was switched off, and the first that it lacks on."""
    had = answers.get("features", QUESTIONS["features"]["default"])
    lacked = [feature for feature in FEATURES if feature not in had]
    return [feature for feature in FEATURES if feature in {*had[1:], *lacked[:1]}]


def start(versions: Path, folder: Path, case: Case) -> Project:
    """Render a release and commit it, as the message after a copy says."""
    folder.mkdir()
    project = Project(folder, case.answers)
    data = folder.parent / "answers.yml"
    data.write_text(yaml.safe_dump(dict(case.answers)), encoding="utf-8")
    copier(
        project,
        *("copy", "--quiet", "--defaults", "--data-file", str(data), "--vcs-ref", case.tag, str(versions), "."),
    )
    commit(project, "Start")
    return project


def update(project: Project, version: str, answers: Mapping[str, Any] | None = None) -> None:
    """Update to a version of the template, see that nothing is left to merge, and commit."""
    texts = {
        name: answer if isinstance(answer, str) else json.dumps(answer) for name, answer in (answers or {}).items()
    }
    given = [f"--data={name}={text}" for name, text in texts.items()]
    copier(project, "update", "--quiet", "--defaults", "--vcs-ref", version, *given)
    remembered = yaml.safe_load(project.read(".copier-answers.yml"))
    assert remembered["_commit"] == version
    assert {name: remembered[name] for name in answers or {}} == (answers or {})
    assert unmerged(project) == []
    commit(project, f"Update to {version}")


def added_lines(project: Project) -> dict[str, list[str]]:
    """Return the lines that the last commit added to files that were there before, by file."""
    changed = git(project.path, "diff", "--name-only", "--diff-filter=M", "HEAD~1").splitlines()
    return {
        path: [
            line.removeprefix("+ ")
            for line in difflib.ndiff(
                git(project.path, "show", f"HEAD~1:{path}").splitlines(), project.read(path).splitlines()
            )
            if line.startswith("+ ")
        ]
        for path in changed
    }


@pytest.mark.parametrize("case", cases())
def test_update_of_an_edited_project_merges_and_keeps_the_edits(
    case: Case, versions: Path, tmp_path: Path, postgres: Postgres, redis_url: str
) -> None:
    case = Case(case.tag, runnable(case.answers))
    project = share_environment(start(versions, tmp_path / "project", case), takes_turns=True)
    edits = edits_of(case.answers)
    for edit in edits:
        edit.make(project)
    project.python("manage.py", "makemigrations", "--verbosity", "0", "--name", "mine")
    project.make("format")
    commit(project, "Months of work")
    migrations = {str(path): project.read(str(path)) for path in project.files() if path.name.endswith("_mine.py")}
    assert len(migrations) == 2
    yours = {edit.path: project.read(edit.path) for edit in edits if edit.outcome is Outcome.YOURS}
    lines = added_lines(project)
    assert set(lines) > {edit.path for edit in edits if edit.outcome is Outcome.MERGED}

    for version, answers in ((NEXT, {**RENAMED, "features": switched(case.answers)}), (LATER, {})):
        update(project, version, answers)
        assert {path: project.read(path) for path in yours} == yours
        assert {path: project.read(path) for path in migrations} == migrations
        for path, added in lines.items():
            now = project.read(path).splitlines()
            assert [line for line in added if line not in now] == []
        assert not [
            edit.path for edit in edits if edit.outcome is Outcome.DELETED if (project.path / edit.path).exists()
        ]

    for edit in edits:
        if edit.outcome is Outcome.MERGED:
            assert LATER_LINE in project.read(edit.path)
    assert (project.path / NEW_LATER).exists()

    before = git(project.path, "rev-parse", "HEAD^{tree}")
    update(project, LATER)
    assert git(project.path, "rev-parse", "HEAD^{tree}") == before

    (project.path / ".venv").unlink()
    project = share_environment(project, takes_turns=True)
    services = {"DATABASE_URL": postgres.create_database("updated"), "REDIS_URL": redis_url}
    project.make("check")
    project.test(services, "apps/billing")
    if not case.answers:
        project.test(services)


@pytest.mark.parametrize("case", cases())
def test_update_of_an_unedited_project_equals_a_new_render(case: Case, versions: Path, tmp_path: Path) -> None:
    project = start(versions, tmp_path / "project", case)
    owned = {path for pattern in CONFIGURATION["_skip_if_exists"] for path in project.path.glob(pattern)}
    update(project, LATER)
    fresh = render(versions, tmp_path / "fresh", case.answers)
    assert project.files() == fresh.files()
    differing = [
        str(path)
        for path in fresh.files()
        if project.path / path not in owned and project.read(str(path)) != fresh.read(str(path))
    ]
    assert differing == []


newest = pytest.mark.parametrize("case", [Case([*STARTS][-1], {})], ids=["default"])


@newest
def test_conflicting_change_leaves_both_texts_with_markers(case: Case, versions: Path, tmp_path: Path) -> None:
    """Were conflicts not marked, the tests above would not see them; and the guard of each commit sees them too."""
    project = start(versions, tmp_path / "project", case)
    project.append("Makefile", "\n\n# Mine, in the very place where a later version has its own.\n")
    commit(project, "Mine")
    with pytest.raises(AssertionError, match="Makefile"):
        update(project, LATER)
    text = project.read("Makefile")
    assert "# Mine, in the very place" in text
    assert LATER_LINE in text


@newest
def test_recopy_keeps_files_of_the_user_and_shows_others_in_the_diff(
    case: Case, versions: Path, tmp_path: Path
) -> None:
    """`copier recopy` overwrites merged edits, which are in git, and changes no other file."""
    project = start(versions, tmp_path / "project", case)
    edits = edits_of(case.answers)
    for edit in edits:
        edit.make(project)
    commit(project, "Months of work")
    yours = {edit.path: project.read(edit.path) for edit in edits if edit.outcome is Outcome.YOURS}

    copier(project, "recopy", "--quiet", "--defaults", "--overwrite", "--vcs-ref", NEXT)

    assert {path: project.read(path) for path in yours} == yours
    changed = {line[3:] for line in git(project.path, "status", "--porcelain", "--no-renames").splitlines()}
    shared = {edit.path for edit in edits if edit.outcome is not Outcome.YOURS}
    assert shared <= changed
    assert not changed & yours.keys()
    commit(project, "Start over")
    update(project, NEXT)
    assert git(project.path, "rev-parse", "HEAD^{tree}") == git(project.path, "rev-parse", "HEAD~1^{tree}")


@newest
def test_check_update_reports_whether_a_newer_version_exists(case: Case, versions: Path, tmp_path: Path) -> None:
    project = start(versions, tmp_path / "project", case)

    def ask() -> dict[str, Any]:
        command = (PROGRAMS / "copier", "check-update", "--output-format", "json")
        result: dict[str, Any] = json.loads(project.run(*command).stdout)
        return result

    assert ask() == {
        "update_available": True,
        "current_version": case.tag.removeprefix("v"),
        "latest_version": LATER.removeprefix("v"),
    }
    update(project, LATER)
    assert ask()["update_available"] is False


def test_documented_outcome_of_each_edit_is_the_tested_one() -> None:
    assert table() in (ROOT / "docs" / "updating.md").read_text(encoding="utf-8")
