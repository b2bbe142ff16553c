"""Paths of this repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template"
# Output of test runs; `make clean` removes it.
BUILD = ROOT / "build"
# Environments are kept between runs.
# Resolved, because installed programs contain this path.
ENVIRONMENTS = (BUILD / "environments").resolve()
# The programs of the environment that runs the tests: copier, zizmor, hadolint, …
PROGRAMS = Path(sys.executable).parent
