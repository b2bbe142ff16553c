"""Where things are in this repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template"
# What runs leave behind; `make clean` removes it.
BUILD = ROOT / "build"
# Environments that are worth keeping between two runs.
# By their own path, where this is a link: the programs in them name it.
ENVIRONMENTS = (BUILD / "environments").resolve()
# The programs of the environment that runs the tests: copier, zizmor, hadolint, …
PROGRAMS = Path(sys.executable).parent
