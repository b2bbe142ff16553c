"""Run git in tests."""

from pathlib import Path

from tests.harness.commands import execute


def git(directory: Path, *arguments: str) -> str:
    """Run git in a directory and return what it printed.

    Raises:
        CommandFailedError: git refused.
    """
    return execute("git", *arguments, directory=directory).stdout


def commit_everything(directory: Path, message: str, tag: str | None = None) -> None:
    """Commit all files of a directory, ignored ones included, and tag the commit.

    A directory that is no repository becomes one.
    """
    if not (directory / ".git").exists():
        git(directory, "init", "--quiet", "--initial-branch=main")
    git(directory, "add", "--all", "--force")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", message)
    if tag is not None:
        git(directory, "tag", tag)
