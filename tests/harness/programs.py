"""Programs of the machine that some tests need."""

import os
import shutil
from pathlib import Path

import pytest


def require_program(name: str) -> Path:
    """Return where a program is. Without it the test is skipped, or fails where REQUIRE_PROGRAMS is set."""
    found = shutil.which(name)
    if found:
        return Path(found)
    reason = f"{name} is not installed"
    if os.environ.get("REQUIRE_PROGRAMS"):
        pytest.fail(reason)
    pytest.skip(reason)
