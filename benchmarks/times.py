"""Measure the times that `budgets.toml` names, and write them to `benchmarks/times.md`.

The seconds of `make test` in a default and in the smallest project, and from the start of `copier copy` to the first
answer of `make run`: once, which fills caches and compiles bytecode, and then three times, which count.

`.ci/run` takes longer than everything else together, so it is not started here: `make test` and `make test-rest`
print their own seconds.
"""

import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.render import machine
from tests.harness.commands import clean_environment, execute
from tests.harness.paths import PROGRAMS, ROOT
from tests.harness.ports import free_port
from tests.harness.processes import background
from tests.harness.questions import VARIANTS, Answers
from tests.harness.render import render
from tests.harness.serving import is_up
from tests.harness.snapshot import take_snapshot
from tests.harness.waiting import wait_until

RUNS = 3
TABLE = ROOT / "benchmarks" / "times.md"


def time_tests(template: Path, folder: Path, answers: Answers) -> list[float]:
    """Return the seconds of each `make test` in a new project, after its installation."""
    project = render(template, folder, answers)
    project.make("install")
    return [seconds(lambda: project.make("test")) for _ in range(RUNS + 1)]


def time_first_answer(template: Path, folder: Path) -> float:
    """Return the seconds from the start of `copier copy` until the new project answers with 200."""
    port = free_port()
    start = time.perf_counter()
    execute(PROGRAMS / "copier", "copy", "--quiet", "--defaults", template, folder, directory=template)
    with background(
        *("make", "run", f"PORT={port}"), directory=folder, environment=clean_environment(), log=folder / "run.log"
    ) as process:
        wait_until(lambda: is_up(f"http://127.0.0.1:{port}/livez"), "answer", deadline=300, hopeless=process.ended)
        return time.perf_counter() - start


def seconds(action: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure() -> dict[str, list[float]]:
    """Return the seconds of each run, by the name of its budget."""
    times = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = take_snapshot(folder / "template")
        for variant in ("default", "smallest"):
            times[f"generated_tests_{variant}"] = time_tests(template, folder / variant, VARIANTS[variant])
        times["first_answer"] = [time_first_answer(template, folder / f"run-{run}") for run in range(RUNS + 1)]
    return times


def table_of(times: dict[str, list[float]], budgets: dict[str, int]) -> str:
    """Return the page in Markdown."""
    rows = [
        f"| `{name}` | {first:.1f} s | {' / '.join(f'{run:.1f} s' for run in runs)} | {budgets[name]} s |\n"
        for name, (first, *runs) in times.items()
    ]
    head = "| budget | first run | then | at most |\n|---|---|---|---|\n"
    day = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    return f"# Times\n\nBy `uv run python -m benchmarks.times` on {day}, {machine()}:\n\n{head}{''.join(rows)}"


def main() -> int:
    """Write and print the table; return 1 if a run takes longer than its budget."""
    budgets: dict[str, int] = tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))["seconds"]
    times = measure()
    table = table_of(times, budgets)
    TABLE.write_text(table, encoding="utf-8")
    print(table)
    return int(any(max(runs) > budgets[name] for name, (_, *runs) in times.items()))


if __name__ == "__main__":
    sys.exit(main())
