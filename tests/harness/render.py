"""Rendering a project."""

from pathlib import Path

from copier import run_copy

from tests.harness.project import Project
from tests.harness.questions import Answers


def render(
    template: Path, destination: Path, answers: Answers, *, overwrite: bool = False, version: str | None = None
) -> Project:
    """Render a project in this process, every missing answer its default.

    Args:
        template: A template repository.
        destination: Where the project comes to stand.
        answers: Answers that differ from the defaults.
        overwrite: Whether files that exist may be replaced.
        version: A tag of the template; unless given, its newest, else its last commit.

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
