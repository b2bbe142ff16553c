"""Releases, found by commit subjects: a clone may lack the tags."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

FOLDER = Path(__file__).parent.name
_SUBJECT = re.compile(r"Release (\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Release:
    """A release.

    Attributes:
        version: Its version.
        commit: Its commit, with the subject `Release <version>`.
    """

    version: Version
    commit: str

    @property
    def tag(self) -> str:
        """The name of its tag, which Copier records in projects."""
        return f"v{self.version}"


def git(repository: Path, *arguments: str) -> str:
    """Run git in a repository, and return its output without the final newline.

    Raises:
        subprocess.CalledProcessError: git refused; it has said why.
    """
    command = ["git", *arguments]
    return subprocess.run(command, cwd=repository, check=True, stdout=subprocess.PIPE, text=True).stdout.rstrip("\n")  # noqa: S603 - our own


def find_releases(repository: Path) -> list[Release]:
    """Return the releases in the history of the current commit, oldest first.

    Raises:
        LookupError: The clone is shallow, and its history may end before they do.
    """
    if git(repository, "rev-parse", "--is-shallow-repository") == "true":
        raise LookupError("This clone is shallow: `git fetch --unshallow` brings the releases.")
    lines = git(repository, "log", "--format=%H %s").splitlines()
    commits = [line.partition(" ") for line in lines]
    found = {
        Version(match[1]): commit
        for commit, _, subject in commits
        if (match := _SUBJECT.fullmatch(subject)) is not None
    }
    return [Release(version, found[version]) for version in sorted(found)]


def supported_releases(repository: Path) -> list[Release]:
    """Return the releases from which an update is supported, oldest first: those with a record in `releases/`.

    Raises:
        LookupError: As `find_releases`.
    """
    return [
        release for release in find_releases(repository) if (repository / FOLDER / f"{release.version}.yml").exists()
    ]
