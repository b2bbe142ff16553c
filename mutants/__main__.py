"""Try out the mutants: make each edit of the template, and record which test or check notices it.

`make test-mutants` tries out all of them, `make test-mutants ARGS="-k lock"` those with "lock" in their names.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import TypeVar

from benchmarks.render import machine
from mutants.edits import MUTANTS
from mutants.judges import ALL, Judge, Workshop, open_workshop, together
from tests.harness.paths import ENVIRONMENTS, ROOT
from tests.harness.postgres import run_postgres
from tests.harness.redis_server import run_redis

RESULTS = ROOT / "benchmarks" / "mutants.md"
# The share of edits that must be noticed.
TARGET = 0.95
UNNOTICED = "**none**"

_HEAD = "| edit | file | noticed by | seconds |\n|---|---|---|---|\n"
_ROW = re.compile(r"^\| (.+) \| `.+` \| (.+) \| (\d+) \|$", re.MULTILINE)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Verdict:
    """The result of an edit.

    Attributes:
        by: The test or the check that failed; `UNNOTICED` if all passed.
        seconds: The time from the edit to this result.
    """

    by: str
    seconds: float


def try_out(workshop: Workshop, name: str, judges: Sequence[Judge]) -> Verdict:
    """Make the edit of this name, and ask judges until one fails."""
    start = time.perf_counter()
    with workshop.edited(MUTANTS[name]):
        culprits = (workshop.culprit(judge) for judge in judges)
        by = next((f"`{culprit}`" for culprit in culprits if culprit), UNNOTICED)
    return Verdict(by, time.perf_counter() - start)


def noticed(verdicts: dict[str, Verdict]) -> int:
    """Return how many edits were noticed."""
    return sum(verdict.by != UNNOTICED for verdict in verdicts.values())


def summary(verdicts: dict[str, Verdict]) -> str:
    """Return one line: how many edits there are, and how many were noticed."""
    count = noticed(verdicts)
    return f"{len(verdicts)} edits, {count} noticed: {count / len(verdicts):.1%}. Target: at least {TARGET:.0%}."


def write(verdicts: dict[str, Verdict]) -> None:
    """Write the results to `RESULTS`, in the order of `MUTANTS`."""
    ordered = {name: verdicts[name] for name in MUTANTS if name in verdicts}
    unnoticed = "".join(f"- {name}\n" for name, verdict in ordered.items() if verdict.by == UNNOTICED)
    rows = "".join(
        f"| {name} | `{MUTANTS[name].path}` | {verdict.by} | {verdict.seconds:.0f} |\n"
        for name, verdict in ordered.items()
    )
    text = f"# Mutants\n\n{summary(ordered)}\n\nLast run on {datetime.now(tz=UTC):%Y-%m-%d}, {machine()}.\n\n"
    text += f"Noticed by no test:\n\n{unnoticed}\n" if unnoticed else ""
    RESULTS.write_text(f"{text}{_HEAD}{rows}", encoding="utf-8")


def read() -> dict[str, Verdict]:
    """Return the results of earlier runs, without edits that no longer exist."""
    kept = _ROW.findall(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    return {name: Verdict(by, float(seconds)) for name, by, seconds in kept if name in MUTANTS}


@contextmanager
def open_workshops(count: int) -> Iterator[Queue[Workshop]]:
    """Yield workshops for parallel use: each has a repository, a database, a Redis server and environments."""
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        run_postgres() as postgres,
        ExitStack() as servers,
    ):
        free: Queue[Workshop] = Queue()
        for number in range(1, count + 1):
            place = Path(folder) / f"worker-{number}"
            redis_url = servers.enter_context(run_redis(place / "redis"))
            services = {"DATABASE_URL": postgres.create_database(f"mutants_{number}"), "REDIS_URL": redis_url}
            free.put(open_workshop(place, services, ENVIRONMENTS / f"mutants-{number}"))
        yield free


def run(names: Sequence[str], keep: Callable[[str, Verdict], None], *, jobs: int, proven: bool) -> None:
    """Try out edits in parallel, and pass each verdict to `keep` as soon as it is known.

    Args:
        names: The names of the edits.
        keep: Stores a verdict.
        jobs: How many edits are tried out at a time.
        proven: Whether all judges are known to pass on the unedited template.

    Raises:
        UnfitError: A judge fails on the unedited template.
        StaleError: The text of an edit does not occur exactly once in its file.
    """
    with open_workshops(jobs) as free, ThreadPoolExecutor(jobs) as pool:

        def prove(judge: Judge) -> None:
            with _borrowed(free) as workshop:
                workshop.prove(judge)

        def verdict_of(name: str, judges: Sequence[Judge]) -> tuple[str, Verdict]:
            with _borrowed(free) as workshop:
                return name, try_out(workshop, name, judges)

        def prove_all(judges: Iterable[Judge]) -> None:
            print("Without an edit …", flush=True)
            for _ in _results(pool, [pool.submit(prove, judge) for judge in together(judges)]):
                pass

        def try_each(names: Sequence[str], judges_of: Callable[[str], Sequence[Judge]]) -> list[str]:
            missed = []
            futures = [pool.submit(verdict_of, name, judges_of(name)) for name in names]
            for number, (name, verdict) in enumerate(_results(pool, futures), start=1):
                print(f"{number:3}/{len(names)} {name}: {verdict.by}, {verdict.seconds:.0f} s", flush=True)
                keep(name, verdict)
                missed += [name] if verdict.by == UNNOTICED else []
            return missed

        if not proven:
            prove_all(MUTANTS[name].judge for name in names)
        if missed := try_each(names, lambda name: [MUTANTS[name].judge]):
            print("Run all tests and checks of the project for the edits that were not noticed …", flush=True)
            prove_all(ALL)
            try_each(missed, lambda _name: ALL)


@contextmanager
def _borrowed(free: Queue[Workshop]) -> Iterator[Workshop]:
    workshop = free.get()
    try:
        yield workshop
    finally:
        free.put(workshop)


def _results(pool: ThreadPoolExecutor, futures: list[Future[Value]]) -> Iterator[Value]:
    """Yield results as they come. After the first error, start nothing more, and raise it."""
    try:
        for future in as_completed(futures):
            yield future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def main(arguments: Sequence[str]) -> int:
    """Try out all edits, or some of them, and write the results; return 1 if too few are noticed."""
    parser = argparse.ArgumentParser(prog="make test-mutants", description=__doc__)
    parser.add_argument("-k", metavar="TEXT", default="", help="only the edits with this text in their names")
    parser.add_argument(
        "--file", metavar="TEXT", default="", help="only the edits of files with this text in their paths"
    )
    parser.add_argument("--missed", action="store_true", help="only the edits that no test noticed in the last run")
    parser.add_argument("--jobs", type=int, default=2, help="how many edits are tried out at a time (2)")
    help_text = "the tests have just passed: do not run the judges on the unedited template first"
    parser.add_argument("--proven", action="store_true", help=help_text)
    options = parser.parse_args(arguments)
    kept = read()
    done = {name for name, verdict in kept.items() if options.missed and verdict.by != UNNOTICED}
    names = [
        name
        for name, mutant in MUTANTS.items()
        if options.k in name and options.file in mutant.path and name not in done
    ]
    if not names:
        parser.error("no edit matches")
    verdicts = kept if len(names) < len(MUTANTS) else {}

    def keep(name: str, verdict: Verdict) -> None:
        verdicts[name] = verdict
        write(verdicts)

    run(names, keep, jobs=options.jobs, proven=options.proven)
    print(summary(verdicts))
    return int(noticed(verdicts) < TARGET * len(verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
