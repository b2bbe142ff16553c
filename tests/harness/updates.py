"""Run Copier and git as a user does."""

import re

from tests.harness.git import git
from tests.harness.paths import PROGRAMS
from tests.harness.project import Project


def copier(project: Project, *arguments: str) -> None:
    """Run Copier in a project, without a prompt."""
    project.run(PROGRAMS / "copier", *arguments)


def commit(project: Project, message: str) -> None:
    """Commit all files that `.gitignore` does not exclude."""
    if not (project.path / ".git").exists():
        git(project.path, "init", "--quiet", "--initial-branch=main")
    git(project.path, "add", "--all")
    git(project.path, "commit", "--quiet", "--allow-empty", "--message", message)


def unmerged(project: Project) -> list[str]:
    """Return the files with conflicts after an update."""
    conflicts = git(project.path, "diff", "--name-only", "--diff-filter=U").splitlines()
    marked = [
        str(path)
        for path in project.files()
        if path.suffix == ".rej" or re.search(rb"^(<<<<<<<|>>>>>>>) ", (project.path / path).read_bytes(), re.MULTILINE)
    ]
    return sorted({*conflicts, *marked})
