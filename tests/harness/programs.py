"""Programs of the machine that some tests need."""

import os
import shutil
from pathlib import Path

import pytest


def require_program(name: str, *others: str) -> Path:
    """Return the path of a program, or of the first alternative that is installed.

    Without it the test is skipped, or fails where REQUIRE_PROGRAMS is set.
    """
    found = next(filter(None, map(shutil.which, (name, *others))), None)
    if found:
        return Path(found)
    reason = f"{name} is not installed"
    if os.environ.get("REQUIRE_PROGRAMS"):
        pytest.fail(reason)
    pytest.skip(reason)
