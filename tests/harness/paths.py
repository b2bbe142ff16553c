"""Where things are in this repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template"
# Environments that are worth keeping between two runs; `make clean` removes them.
ENVIRONMENTS = ROOT / "build" / "environments"
# The programs of the environment that runs the tests: copier, zizmor, hadolint, …
PROGRAMS = Path(sys.executable).parent
