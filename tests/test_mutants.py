"""The mutants fit the template, their judges exist, and a judge fails only for a broken template."""

import ast
import re
import sys
from pathlib import Path

import pytest

from mutants.edits import COPIER, MUTANTS
from mutants.judges import Judge, Mutant, StaleError, UnfitError, Workshop, gates, here, open_workshop, suite, together
from tests.conftest import Render
from tests.harness.commands import execute
from tests.harness.overlay import overlay_folders
from tests.harness.paths import ROOT
from tests.harness.questions import COVERING

JUDGES = [*dict.fromkeys(mutant.judge for mutant in MUTANTS.values())]
OLDEST = "tests/test_repository.py::test_oldest_supported_copier_is_within_the_tested_range"


def test_every_mutant_changes_its_file_in_one_place(tmp_path: Path) -> None:
    for mutant in MUTANTS.values():
        copy = tmp_path / mutant.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        before = (ROOT / mutant.path).read_text(encoding="utf-8")
        copy.write_text(before, encoding="utf-8")

        mutant.edit(tmp_path)

        assert copy.read_text(encoding="utf-8") != before
    assert len(MUTANTS) >= 100


def test_every_judge_in_this_repository_exists() -> None:
    targets = {target for judge in JUDGES if judge.project is None for target in judge.targets}
    files = sorted({target.partition("::")[0] for target in targets})
    collecting = ("-m", "pytest", "--collect-only", "-qq", "--verbosity=-1", "--numprocesses=0", *files)
    printed = execute(sys.executable, *collecting, directory=ROOT).stdout.splitlines()
    collected = {test for test in printed if "::" in test}
    assert sorted(targets - collected - {test.partition("[")[0] for test in collected}) == []


def test_every_judge_in_a_project_exists(rendered: Render) -> None:
    missing = []
    for judge in JUDGES:
        if judge.project is None:
            continue
        project = rendered(COVERING[judge.project])
        if judge.program == "make":
            known = set(re.findall(r"^([\w-]+):", project.read("Makefile"), re.MULTILINE))
        else:
            places = [project.path, *overlay_folders(project.answers)]
            files = {target.partition("::")[0] for target in judge.targets}
            known = {test for file in files for place in places for test in _tests_in(place, file)}
        missing += sorted(set(judge.targets) - known)
    assert missing == []


def _tests_in(place: Path, file: str) -> set[str]:
    """Return the node ids that a test file offers: of itself, its classes and its functions."""
    path = place / file
    if not path.is_file():
        return set()
    ids = {file}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            ids.add(f"{file}::{node.name}")
        if isinstance(node, ast.ClassDef):
            ids |= {f"{file}::{node.name}::{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return ids


@pytest.mark.parametrize("text", ["", "a", "c"])
def test_text_that_does_not_occur_once_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("aab", encoding="utf-8")

    with pytest.raises(StaleError, match=f"file contains this text . times instead of once: '{text}'"):
        Mutant("file", text, "b", here()).edit(tmp_path)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return open_workshop(tmp_path, {})


def test_judge_fails_for_a_broken_template_only(workshop: Workshop) -> None:
    judge = here(OLDEST)
    workshop.prove(judge)

    with workshop.edited(Mutant(COPIER, '_version: "9.19.1"', '_version: "9.18.0"', judge)):
        assert workshop.culprit(judge) == OLDEST
    with workshop.edited(Mutant(COPIER, "# Questions ---", "# The questions", judge)):
        assert workshop.culprit(judge) is None
    assert (workshop.repository / COPIER).read_text(encoding="utf-8") == (ROOT / COPIER).read_text(encoding="utf-8")


def test_failing_gate_is_named(workshop: Workshop) -> None:
    judge = gates("migrations-check")

    with workshop.edited(MUTANTS["an index is missing from its model"]):
        assert workshop.culprit(judge) == "migrations-check"


def test_judge_that_fails_without_an_edit_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(UnfitError, match="fails on the unedited template"):
        workshop.prove(here("tests/test_absent.py"))


def test_judge_that_is_skipped_is_an_error(workshop: Workshop) -> None:
    skipped = "import pytest\n\n\n@pytest.mark.skip\ndef test_nothing() -> None:\n    pass\n"
    (workshop.repository / "tests" / "test_skipped.py").write_text(skipped, encoding="utf-8")

    with pytest.raises(UnfitError, match=r"notice nothing:\nSKIPPED .*test_skipped\.py"):
        workshop.prove(here("tests/test_skipped.py"))


def test_judges_of_one_project_run_together() -> None:
    asked = together([suite("a"), here("b"), suite("c"), suite("a"), gates("d"), suite("e", project="smallest")])
    assert asked == [
        Judge("pytest", ("a", "c"), "default"),
        Judge("pytest", ("b",), None),
        Judge("make", ("d",), "default"),
        Judge("pytest", ("e",), "smallest"),
    ]
    # No names are all of them.
    assert together([suite("a"), suite()]) == [suite()]
