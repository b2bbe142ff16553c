"""Cut a release: `make release VERSION=1.2.3` sets the version, runs all tests, commits and tags.

https://semver.org/spec/v2.0.0.html
"""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from releases.changelog import release_notes
from releases.frozen import freeze
from releases.history import find_releases, git

ROOT = Path(__file__).resolve().parent.parent
_VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)
# How many projects, with different answers, are updated from a release in later tests.
PROJECTS = 7
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class RefusedError(Exception):
    """The reason why this cannot be released."""


def next_versions(last: Version | None) -> list[Version]:
    """Return the versions that may follow a version: patch, minor and major."""
    if last is None:
        return [Version("0.1.0")]
    major, minor, patch = last.release
    return [Version(f"{major}.{minor}.{patch + 1}"), Version(f"{major}.{minor + 1}.0"), Version(f"{major + 1}.0.0")]


def check(repository: Path, text: str) -> Version:
    """Return the version in a text.

    Raises:
        RefusedError: It may not be released, from here or now.
    """
    if not _SEMANTIC.fullmatch(text):
        raise RefusedError(f"Give a version of three numbers, as in `make release VERSION=0.2.0`: {text!r} is none.")
    version = Version(text)
    if git(repository, "status", "--porcelain"):
        raise RefusedError("There are uncommitted changes: commit them, or put them away with `git stash`.")
    if (branch := git(repository, "branch", "--show-current")) != "main":
        raise RefusedError(f"Releases are cut from main: this is {branch or 'no branch'}.")
    released = find_releases(repository)
    allowed = next_versions(released[-1].version if released else None)
    if version not in allowed:
        raise RefusedError(f"{version} does not follow: it is {' or '.join(map(str, allowed))}.")
    return version


def cut(
    repository: Path,
    version: Version,
    *,
    prove: Callable[[], object],
    record: Callable[[Version], object],
) -> None:
    """Set the version, run the tests, commit and tag. On failure, restore all files.

    The tests take long. Changes that are made in the working tree in that time are neither released nor reverted.

    Args:
        repository: A checkout without changes.
        version: Checked by `check`.
        prove: Runs every test.
        record: Writes the questions of this release to `releases/<version>.yml`.

    Raises:
        ValueError: The changelog says nothing.
        RefusedError: Other files have changed since the tests started.
        Exception: Whatever `prove` raises.
    """
    project, changelog = repository / "pyproject.toml", repository / "CHANGELOG.md"
    kept = repository / "releases" / f"{version}.yml"
    paths = {str(path.relative_to(repository)) for path in (project, changelog, kept)}
    place = _place(repository)
    notes = release_notes(changelog.read_text(encoding="utf-8"), version, datetime.now(tz=UTC).date())
    try:
        changelog.write_text(notes, encoding="utf-8")
        bumped = _VERSION.sub(f'version = "{version}"', project.read_text(encoding="utf-8"), count=1)
        project.write_text(bumped, encoding="utf-8")
        record(version)
        prove()
        _see_unchanged(repository, place, paths)
    except BaseException:
        git(repository, "checkout", "--quiet", "HEAD", "--", "pyproject.toml", "CHANGELOG.md")
        kept.unlink(missing_ok=True)
        raise
    git(repository, "add", "--", *sorted(paths))
    git(repository, "commit", "--quiet", "--message", f"Release {version}")
    git(repository, "tag", "--annotate", f"v{version}", "--message", f"Release {version}")


def _place(repository: Path) -> tuple[str, str]:
    """Return the branch and the commit that are checked out."""
    return git(repository, "branch", "--show-current"), git(repository, "rev-parse", "HEAD")


def _see_unchanged(repository: Path, place: tuple[str, str], paths: set[str]) -> None:
    """Refuse if a file outside these paths has changed, or another branch or commit is checked out."""
    status = git(repository, "status", "--porcelain", "--untracked-files=all").splitlines()
    others = ", ".join(sorted({line[3:] for line in status} - paths))
    if others or _place(repository) != place:
        what = others or "another commit is checked out"
        raise RefusedError(f"This has changed while the tests ran, and was not tested: {what}.")


def main(arguments: Sequence[str]) -> int:
    """Cut the release that the argument names, and return the exit status."""
    # Imported here, because the matrix belongs to the tests.
    from tests.harness.matrix import RENDERS  # noqa: PLC0415
    from tests.harness.questions import QUESTIONS  # noqa: PLC0415

    def prove() -> None:
        subprocess.run(["make", "--no-print-directory", "test-all"], cwd=ROOT, check=True)  # noqa: S607

    def record(version: Version) -> None:
        freeze(version, QUESTIONS, list(RENDERS.values())[:PROJECTS])

    try:
        version = check(ROOT, arguments[0] if arguments else "")
        cut(ROOT, version, prove=prove, record=record)
    except (RefusedError, ValueError, LookupError) as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201
        return 1
    except subprocess.CalledProcessError:
        print("The tests refuse it: nothing was released, and nothing is changed.", file=sys.stderr)  # noqa: T201
        return 1
    print(f"Released {version}: `git push --follow-tags` publishes it.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
