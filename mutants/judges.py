"""Who looks at an edited template: tests of this repository, and gates and tests of a project rendered from it."""

import itertools
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.commands import TIME_LIMIT, clean_environment
from tests.harness.environments import share_environment
from tests.harness.git import commit_everything, git
from tests.harness.overlay import install_requirements, lay_over
from tests.harness.paths import BUILD, ENVIRONMENTS, ROOT
from tests.harness.processes import background
from tests.harness.project import Project
from tests.harness.questions import COVERING
from tests.harness.render import render
from tests.harness.snapshot import copy_working_tree

# One process, up to the first failure, which is then named.
_PYTEST = ("-m", "pytest", "-x", "-q", "-rfEs", "--tb=short")
# What makes a program go on after a failure.
_TO_THE_END = {"pytest": "--maxfail=0", "make": "--keep-going"}
_SKIPPED = re.compile(r"^SKIPPED .*", re.MULTILINE)
# Which test failed, whatever it was given; or which target of the Makefile.
_CULPRIT = re.compile(r"^(?:(?:FAILED|ERROR) ([^\s\[]+)|make: \*\*\* \[\S+ (\S+)\])", re.MULTILINE)


class StaleError(Exception):
    """The text that a mutant replaces does not occur exactly once."""


class UnfitError(Exception):
    """A judge fails on the unedited template: what it says of an edited one means nothing."""


@dataclass(frozen=True)
class Judge:
    """Something that `make test` runs.

    Attributes:
        program: What runs it: pytest or make.
        targets: Tests, as pytest names them, or targets of the Makefile. None are all of the tests.
        project: Which of the projects that pass their own checks and tests each time; None for this repository.
    """

    program: str
    targets: tuple[str, ...]
    project: str | None


def here(*tests: str) -> Judge:
    """Return the judge that runs tests of this repository."""
    return Judge("pytest", tests, None)


def suite(*tests: str, project: str = "default") -> Judge:
    """Return the judge that runs tests of a rendered project."""
    return Judge("pytest", tests, project)


def gates(*names: str, project: str = "default") -> Judge:
    """Return the judge that runs gates of a rendered project."""
    return Judge("make", names, project)


# They look at all of the default project: for what those missed that were thought to notice.
ALL = (gates("check"), suite())


@dataclass(frozen=True)
class Mutant:
    """A single edit of the template, after which it renders, and is worse.

    Attributes:
        path: Which file, as this repository has it.
        text: The text that it replaces, which occurs once.
        instead: The replacement.
        judge: Who should notice, and takes the least time for it.
    """

    path: str
    text: str
    instead: str
    judge: Judge

    def edit(self, repository: Path) -> None:
        """Make the edit in a copy of this repository.

        Raises:
            StaleError: The text does not occur exactly once.
        """
        file = repository / self.path
        before = file.read_text(encoding="utf-8")
        if before.count(self.text) != 1:
            raise StaleError(f"{self.path} has this {before.count(self.text)} times, and not once: {self.text!r}")
        file.write_text(before.replace(self.text, self.instead), encoding="utf-8")


@dataclass
class Workshop:
    """A copy of this repository to make edits in, and to ask judges about: see `open_workshop`.

    Attributes:
        repository: The copy. What it renders and what judges print goes beside it.
        variables: What leads the tests of projects to a database and to a Redis server.
    """

    repository: Path
    variables: Mapping[str, str]
    _projects: dict[tuple[str, bool], Project] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def edited(self, mutant: Mutant) -> Iterator[None]:
        """Have an edit for the time of a `with` block.

        Raises:
            StaleError: It cannot be made.
        """
        mutant.edit(self.repository)
        git(self.repository, "commit", "--quiet", "--all", "--message", "Edited")
        self._projects.clear()
        try:
            yield
        finally:
            git(self.repository, "reset", "--quiet", "--hard", "HEAD~1")
            self._projects.clear()

    def culprit(self, judge: Judge, *options: str) -> str | None:
        """Ask a judge about the template as it is now.

        Args:
            judge: Who is asked.
            options: More options of its program.

        Returns:
            The test or the gate that fails, None where all pass.
        """
        directory, environment, command = self._call(judge)
        with background(
            *command,
            *options,
            *judge.targets,
            directory=directory,
            environment=environment,
            log=self._log,
            # pytest then ends what its tests have started.
            stop_signal=signal.SIGINT,
        ) as run:
            try:
                status = run.process.wait(TIME_LIMIT)
            except subprocess.TimeoutExpired:
                return f"no end of {judge.program}"
            if status == 0:
                return None
            found = _CULPRIT.search(run.output())
        return found[1] or found[2] if found else f"no start of {judge.program}"

    def prove(self, judges: Iterable[Judge]) -> None:
        """Check that judges pass on the unedited template, with one run for each kind.

        Raises:
            UnfitError: One fails, and what it printed; or a test is skipped, which notices nothing.
        """
        for judge in together(judges):
            culprit = self.culprit(judge, _TO_THE_END[judge.program])
            printed = self._log.read_text(encoding="utf-8", errors="replace")
            if culprit:
                raise UnfitError(f"{culprit} fails on the unedited template: fix that first.\n{printed}")
            if skipped := _SKIPPED.findall(printed):
                raise UnfitError("\n".join(["Who is skipped notices nothing:", *skipped]))

    @property
    def _log(self) -> Path:
        return self.repository.parent / "log"

    def _call(self, judge: Judge) -> tuple[Path, dict[str, str], tuple[str, ...]]:
        """Return where a judge runs, with which variables, and the beginning of its command."""
        if judge.project is None:
            return self.repository, clean_environment(), (sys.executable, *_PYTEST, "--numprocesses=0")
        project = self._project(judge.project, overlaid=judge.program == "pytest")
        command = ("make",) if judge.program == "make" else (".venv/bin/python", *_PYTEST)
        return project.path, project.environment(self.variables), command

    def _project(self, name: str, *, overlaid: bool) -> Project:
        """Return a project of the template as it is now, ready for development, with or without the overlay."""
        if (name, overlaid) not in self._projects:
            folder = self.repository.parent / f"project-{next(self._numbers)}"
            # What Copier renders is the newest tag.
            git(self.repository, "tag", "--force", "v0.0.1")
            project = share_environment(render(self.repository, folder, COVERING[name]))
            if overlaid:
                lay_over(project)
                install_requirements(project)
            self._projects[name, overlaid] = project
        return self._projects[name, overlaid]


def open_workshop(folder: Path, variables: Mapping[str, str]) -> Workshop:
    """Copy the working tree of this repository into an existing folder, to make edits there.

    With its history, where its tests look for releases; without tags, so that the last edit is what is rendered.
    """
    repository = folder / "repository"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", "--no-tags", str(ROOT), str(repository))
    git(repository, "rm", "-r", "--quiet", ".")
    copy_working_tree(repository)
    commit_everything(repository, "The working tree")
    # What was installed for tests of this repository serves those of the copy.
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    environments = repository / BUILD.relative_to(ROOT) / "environments"
    environments.parent.mkdir()
    environments.symlink_to(ENVIRONMENTS)
    return Workshop(repository, variables)


def together(judges: Iterable[Judge]) -> list[Judge]:
    """Return judges that run the same, each kind as one."""
    kinds: dict[tuple[str, str | None], list[Judge]] = {}
    for judge in judges:
        kinds.setdefault((judge.program, judge.project), []).append(judge)
    return [Judge(program, _targets(alike), project) for (program, project), alike in kinds.items()]


def _targets(judges: list[Judge]) -> tuple[str, ...]:
    """Return the targets of all, each once; none where one of them runs everything."""
    if not all(judge.targets for judge in judges):
        return ()
    return tuple(dict.fromkeys(target for judge in judges for target in judge.targets))
