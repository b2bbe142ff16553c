"""Makes each edit in turn, and asks who notices: `make test-mutants`, or `ARGS="-k lock"` for those named so."""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.render import machine
from mutants.edits import MUTANTS
from mutants.judges import ALL, Judge, Workshop, open_workshop
from tests.harness.paths import ROOT
from tests.harness.postgres import run_postgres
from tests.harness.redis_server import run_redis

RESULTS = ROOT / "benchmarks" / "mutants.md"
# The share that must be noticed.
TARGET = 0.95
UNNOTICED = "**none**"

_HEAD = "| edit | file | noticed by | seconds |\n|---|---|---|---|\n"
_ROW = re.compile(r"^\| (.+) \| `.+` \| (.+) \| (\d+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What came of an edit.

    Attributes:
        by: The test or the gate that failed; `UNNOTICED` if none did.
        seconds: How long that took, from the edit on.
    """

    by: str
    seconds: float


def try_out(workshop: Workshop, name: str, judges: Sequence[Judge]) -> Verdict:
    """Make the edit of a name, and return what the first judge says that notices it."""
    start = time.perf_counter()
    with workshop.edited(MUTANTS[name]):
        culprits = (workshop.culprit(judge) for judge in judges)
        by = next((f"`{culprit}`" for culprit in culprits if culprit), UNNOTICED)
    return Verdict(by, time.perf_counter() - start)


def noticed(verdicts: dict[str, Verdict]) -> int:
    """Return how many of the edits were noticed."""
    return sum(verdict.by != UNNOTICED for verdict in verdicts.values())


def summary(verdicts: dict[str, Verdict]) -> str:
    """Return one line: how many edits, how many were noticed."""
    count = noticed(verdicts)
    return f"{len(verdicts)} edits, {count} noticed: {count / len(verdicts):.1%}. Target: at least {TARGET:.0%}."


def write(verdicts: dict[str, Verdict]) -> None:
    """Write the results, as they are kept."""
    unnoticed = "".join(f"- {name}\n" for name, verdict in verdicts.items() if verdict.by == UNNOTICED)
    rows = "".join(
        f"| {name} | `{MUTANTS[name].path}` | {verdict.by} | {verdict.seconds:.0f} |\n"
        for name, verdict in verdicts.items()
    )
    text = f"# Mutants\n\n{summary(verdicts)}\n\nLast run on {datetime.now(tz=UTC):%Y-%m-%d}, {machine()}.\n\n"
    text += f"Noticed by no test:\n\n{unnoticed}\n" if unnoticed else ""
    RESULTS.write_text(f"{text}{_HEAD}{rows}", encoding="utf-8")


def read() -> dict[str, Verdict]:
    """Return the results that are kept, of edits that there still are."""
    kept = _ROW.findall(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    return {name: Verdict(by, float(seconds)) for name, by, seconds in kept if name in MUTANTS}


def run(names: Sequence[str], keep: Callable[[str, Verdict], None], *, proven: bool) -> None:
    """Try out the edits of these names, and pass each verdict to `keep` as soon as it is known.

    Args:
        names: The names of the edits.
        keep: Stores a verdict.
        proven: Whether all judges are known to pass on the unedited template.

    Raises:
        UnfitError: Something fails without an edit.
        StaleError: An edit does not fit its file any more.
    """

    def try_each(names: Sequence[str], judges_of: Callable[[str], Sequence[Judge]]) -> list[str]:
        missed = []
        for number, name in enumerate(names, start=1):
            verdict = try_out(workshop, name, judges_of(name))
            print(f"{number:3}/{len(names)} {name}: {verdict.by}, {verdict.seconds:.0f} s", flush=True)
            keep(name, verdict)
            missed += [name] if verdict.by == UNNOTICED else []
        return missed

    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        run_postgres() as postgres,
        run_redis(Path(folder) / "redis") as redis_url,
    ):
        services = {"DATABASE_URL": postgres.create_database("mutants"), "REDIS_URL": redis_url}
        workshop = open_workshop(Path(folder), services)
        if not proven:
            print("Without an edit …", flush=True)
            workshop.prove(MUTANTS[name].judge for name in names)
        if missed := try_each(names, lambda name: [MUTANTS[name].judge]):
            print("Those that were missed, once more by all there is …", flush=True)
            workshop.prove(ALL)
            try_each(missed, lambda _name: ALL)


def main(arguments: Sequence[str]) -> int:
    """Try out all edits, or some of them, and keep the results; return 1 where too few are noticed."""
    parser = argparse.ArgumentParser(prog="make test-mutants", description=__doc__)
    parser.add_argument("-k", metavar="TEXT", default="", help="only the edits that have this in their names")
    parser.add_argument("--missed", action="store_true", help="only those that no test noticed last time")
    help_text = "the tests have just passed: do not run the judges on the unedited template first"
    parser.add_argument("--proven", action="store_true", help=help_text)
    options = parser.parse_args(arguments)
    kept = read()
    done = {name for name, verdict in kept.items() if options.missed and verdict.by != UNNOTICED}
    names = [name for name in MUTANTS if options.k in name and name not in done]
    if not names:
        parser.error("there is no such edit")
    verdicts = kept if len(names) < len(MUTANTS) else {}

    def keep(name: str, verdict: Verdict) -> None:
        verdicts[name] = verdict
        write({known: verdicts[known] for known in MUTANTS if known in verdicts})

    run(names, keep, proven=options.proven)
    print(summary(verdicts))
    return int(noticed(verdicts) < TARGET * len(verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
