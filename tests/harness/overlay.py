"""Tests of the template's own machinery: copied over a render, and run inside it.

`tests/overlay/<condition>/` holds files by their path in a project. Its condition is `always`, an answer to
`features`, `ci`, `database_pool` or `server`, or several of them joined by `+`.

    uv run python -m tests.harness.overlay DIR    # lays them over the project in DIR, and prints the test files
"""

import shutil
import sys
from pathlib import Path

import yaml

from tests.harness.paths import ROOT
from tests.harness.project import Project
from tests.harness.questions import QUESTIONS, Answers, choices

OVERLAY = ROOT / "tests" / "overlay"
# Packages that only the tests of a condition need: installed into the project's environment before they run.
REQUIREMENTS = "requirements.txt"

_QUESTIONS = ("features", "ci", "database_pool", "server")
CONDITIONS = {"always", *(choice for question in _QUESTIONS for choice in choices(question))} - {"none"}


def conditions_of(answers: Answers) -> set[str]:
    """Return the conditions that hold for a project of these answers."""
    given = {name: answers.get(name, QUESTIONS[name]["default"]) for name in _QUESTIONS}
    features = given.pop("features")
    return CONDITIONS & {"always", *features, *given.values()}


def overlay_folders(answers: Answers) -> list[Path]:
    """Return the folders of the overlay whose condition holds for these answers."""
    holding = conditions_of(answers)
    return [
        folder for folder in sorted(OVERLAY.iterdir()) if folder.is_dir() and set(folder.name.split("+")) <= holding
    ]


def lay_over(project: Project) -> list[str]:
    """Copy the overlay over a project.

    Returns:
        The paths of the Python files that it adds.

    Raises:
        AssertionError: A file of the overlay would replace one that the project has.
    """
    added = []
    for folder in overlay_folders(project.answers):
        for source in sorted(folder.rglob("*")):
            path = source.relative_to(folder)
            if source.is_dir() or "__pycache__" in path.parts or path.name == REQUIREMENTS:
                continue
            target = project.path / path
            assert not target.exists(), f"{path} is in the project already: {source}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            added.append(path.as_posix())
    return [path for path in added if path.endswith(".py")]


def files_with_tests(paths: list[str]) -> list[str]:
    """Return the paths of test modules among these paths."""
    return [path for path in paths if Path(path).name.startswith("test_")]


def install_requirements(project: Project) -> None:
    """Install what only the overlay needs into the environment of a project; the next `uv sync` removes it."""
    files = [folder / REQUIREMENTS for folder in overlay_folders(project.answers)]
    options = [option for file in files if file.exists() for option in ("--requirement", str(file))]
    if options:
        project.run("uv", "pip", "install", "--quiet", "--python", ".venv", *options)


def _main(directory: Path) -> None:
    answers = yaml.safe_load((directory / ".copier-answers.yml").read_text(encoding="utf-8"))
    project = Project(directory, answers)
    # Remove the files of an earlier run.
    for folder in overlay_folders(answers):
        for source in folder.rglob("*"):
            if source.is_file():
                (directory / source.relative_to(folder)).unlink(missing_ok=True)
    paths = lay_over(project)
    install_requirements(project)
    sys.stdout.write("\n".join(files_with_tests(paths)) + "\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]).resolve())
