"""Refuse a dependency without a lower and an upper bound, so that an upgrade brings no surprise. Run by `make dependencies`."""

import re
import sys
import tomllib
from pathlib import Path


def unbounded(requirements: list[object]) -> list[str]:
    """Return the requirements that lack a lower or an upper bound. Skip entries that include a group."""
    return [
        requirement
        for requirement in requirements
        if isinstance(requirement, str)
        and not re.search(r"==|~=", requirement)
        and not (re.search(r">=?", requirement) and re.search(r"<=?", requirement))
    ]


def main() -> int:
    """Check every list of dependencies in pyproject.toml, and return the exit status."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    lists = {"dependencies": pyproject["project"]["dependencies"], **pyproject["dependency-groups"]}
    found = [(name, requirement) for name, listed in lists.items() for requirement in unbounded(listed)]
    for name, requirement in found:
        print(f"{name}: {requirement!r} needs a lower and an upper bound, for example >=1.2.3,<2", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
