"""Rendering a project."""

from pathlib import Path

from copier import run_copy

from tests.harness.project import Project
from tests.harness.questions import Answers


def render(template: Path, destination: Path, answers: Answers, *, overwrite: bool = False) -> Project:
    """Render a project in this process, every missing answer its default.

    Args:
        template: A template repository; its newest tag, else its last commit, is used.
        destination: Where the project comes to stand.
        answers: Answers that differ from the defaults.
        overwrite: Whether files that exist may be replaced.

    Raises:
        ValueError: Copier refused an answer.
    """
    run_copy(
        str(template),
        destination,
        data=dict(answers),
        defaults=True,
        overwrite=overwrite,
        quiet=True,
    )
    return Project(destination, answers)
