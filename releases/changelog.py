"""The changelog: https://keepachangelog.com/en/1.1.0/."""

import re
from datetime import date

from packaging.version import Version

_UNRELEASED = re.compile(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def release_notes(changelog: str, version: Version, day: date) -> str:
    """Return a changelog in which the unreleased entries belong to a version.

    Raises:
        ValueError: Nothing was, or there is no place for it.
    """
    found = _UNRELEASED.search(changelog)
    if found is None or not found[1].strip():
        raise ValueError("CHANGELOG.md has nothing under `## [Unreleased]`: say what changes for those who update.")
    heading = f"## [Unreleased]\n\n## [{version}] - {day.isoformat()}\n"
    return changelog[: found.start()] + heading + found[1] + changelog[found.end() :]
