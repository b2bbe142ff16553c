"""Render a project."""

from pathlib import Path

from copier import run_copy

from tests.harness.project import Project
from tests.harness.questions import Answers


def render(
    template: Path, destination: Path, answers: Answers, *, overwrite: bool = False, version: str | None = None
) -> Project:
    """Render a project in this process, with defaults for missing answers.

    Args:
        template: A template repository.
        destination: The folder of the project.
        answers: Answers that differ from the defaults.
        overwrite: Whether existing files may be replaced.
        version: A tag of the template; by default its newest tag, or else its last commit.

    Raises:
        ValueError: Copier refused an answer.
    """
    run_copy(
        str(template),
        destination,
        data=dict(answers),
        defaults=True,
        overwrite=overwrite,
        vcs_ref=version,
        quiet=True,
    )
    return Project(destination, answers)
