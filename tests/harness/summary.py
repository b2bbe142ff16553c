"""The table of the variants that ran."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest


@dataclass
class Run:
    """The runs of one variant.

    Attributes:
        command: The command that reproduces it.
        install: Seconds to render and install it.
        parts: The duration and the outcome of each part, check or test.
    """

    command: str
    install: float = 0.0
    parts: dict[str, tuple[float, str]] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        """Whether any part has failed."""
        return any(outcome != "passed" for _, outcome in self.parts.values())


def variant_runs(reports: Sequence[pytest.TestReport]) -> dict[str, Run]:
    """Return the runs of variants that reports contain, by name."""
    setups = {report.nodeid: report.duration for report in reports if report.when == "setup"}
    runs: dict[str, Run] = {}
    for report in reports:
        for key, value in report.user_properties:
            # A variant that cannot be set up has failed.
            if key == "variant" and (report.when == "call" or (report.when == "setup" and report.failed)):
                name, part, command = cast("list[str]", value)
                run = runs.setdefault(name, Run(command))
                run.install += setups.get(report.nodeid, 0)
                run.parts[part] = (report.duration, report.outcome)
    return runs


def table_of(runs: dict[str, Run]) -> str:
    """Return the table in Markdown, with a command for each failed variant below it."""
    rows = [
        [name, f"{run.install:.0f} s", *(_told(run, part) for part in ("check", "test"))] for name, run in runs.items()
    ]
    failed = [
        f"\n{name} failed. To see it again:\n\n    {run.command}\n" for name, run in runs.items() if run.has_failed
    ]
    return "".join([_line(["variant", "install", "check", "test"]), _line(["---"] * 4), *map(_line, rows), *failed])


def _told(run: Run, part: str) -> str:
    seconds, outcome = run.parts.get(part, (0.0, ""))
    return f"{'' if outcome == 'passed' else outcome + ', '}{seconds:.0f} s" if outcome else ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
