"""Refuse a dependency without a floor and a ceiling: what is not bounded resolves to a surprise.

Run by `make dependencies`. Reads pyproject.toml in the current folder; exits with 1 and a line for each offender.
"""

import re
import sys
import tomllib
from pathlib import Path


def unbounded(requirements: list[object]) -> list[str]:
    """Return the requirements that lack a lower or an upper bound. Entries that include a group are passed over."""
    return [
        requirement
        for requirement in requirements
        if isinstance(requirement, str)
        and not re.search(r"==|~=", requirement)
        and not (re.search(r">=?", requirement) and re.search(r"<=?", requirement))
    ]


def main() -> int:
    """Check every list of dependencies, and return the exit status."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    lists = {"dependencies": pyproject["project"]["dependencies"], **pyproject["dependency-groups"]}
    offenders = [(name, requirement) for name, listed in lists.items() for requirement in unbounded(listed)]
    for name, requirement in offenders:
        print(f"{name}: {requirement!r} needs a floor and a ceiling, for example >=1.2.3,<2", file=sys.stderr)
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main())
