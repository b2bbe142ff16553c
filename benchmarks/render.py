"""How long a render takes, in this process: the median of five, in seconds."""

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.harness.questions import VARIANTS
from tests.harness.render import render
from tests.harness.snapshot import take_snapshot

RUNS = 5
# What the project promises of every variant.
TARGET = 1.0


def machine() -> str:
    """Return one line about where this runs."""
    cores = os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}"


def measure() -> dict[str, float]:
    """Return the median of the render times of each variant, in seconds."""
    medians = {}
    with tempfile.TemporaryDirectory() as folder:
        template = take_snapshot(Path(folder) / "template")
        for name, answers in VARIANTS.items():
            times = []
            for run in range(RUNS):
                start = time.perf_counter()
                render(template, Path(folder) / f"{name}-{run}", answers)
                times.append(time.perf_counter() - start)
            medians[name] = statistics.median(times)
    return medians


def main() -> int:
    """Print the machine and the medians; return 1 where the slowest misses the target."""
    print(machine())
    medians = measure()
    for name, seconds in medians.items():
        print(f"render, {name}: {seconds:.2f} s (median of {RUNS})")
    print(f"target: at most {TARGET:.1f} s")
    return int(max(medians.values()) > TARGET)


if __name__ == "__main__":
    sys.exit(main())
