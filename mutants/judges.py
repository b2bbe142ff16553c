"""Judges of an edited template: tests of this repository, and checks and tests of a project rendered from it."""

import itertools
import re
import signal
import subprocess
import sys
import threading
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

# One process, and stop at the first failure, which is reported.
_PYTEST = ("-m", "pytest", "-x", "-q", "-rfEs", "--tb=short")
# The option that makes a program continue after a failure.
_TO_THE_END = {"pytest": "--maxfail=0", "make": "--keep-going"}
_SKIPPED = re.compile(r"^SKIPPED .*", re.MULTILINE)
# The name of the failed test without its parameters, or of the failed target of the Makefile.
_CULPRIT = re.compile(r"^(?:(?:FAILED|ERROR) ([^\s\[]+)|make: \*\*\* \[\S+ (\S+)\])", re.MULTILINE)


# Copier is not made for threads.
_RENDERING = threading.Lock()


class StaleError(Exception):
    """The text that a mutant replaces does not occur exactly once."""


class UnfitError(Exception):
    """A judge fails on the unedited template, so that its failure on an edited one means nothing."""


@dataclass(frozen=True)
class Judge:
    """Tests or checks that should fail after an edit.

    Attributes:
        program: The program that runs them: pytest or make.
        targets: Node ids of tests, or targets of the Makefile. Without any, all tests run.
        project: The variant in `COVERING` whose project is tested; None for this repository.
    """

    program: str
    targets: tuple[str, ...]
    project: str | None


def here(*tests: str) -> Judge:
    """Return the judge that runs tests of this repository."""
    return Judge("pytest", tests, None)


def suite(*tests: str, project: str = "default") -> Judge:
    """Return the judge that runs tests of a rendered project with the overlay."""
    return Judge("pytest", tests, project)


def gates(*names: str, project: str = "default") -> Judge:
    """Return the judge that runs checks of a rendered project: targets of its Makefile."""
    return Judge("make", names, project)


# Everything in the default project: for edits that their own judge did not notice.
ALL = (gates("check"), suite())


@dataclass(frozen=True)
class Mutant:
    """An edit of the template that removes one protection. The template still renders.

    Attributes:
        path: The file, relative to this repository.
        text: The text to replace, which occurs once in the file.
        instead: The replacement.
        judge: The fastest tests or checks that should fail after the edit.
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
            raise StaleError(
                f"{self.path} contains this text {before.count(self.text)} times instead of once: {self.text!r}"
            )
        file.write_text(before.replace(self.text, self.instead), encoding="utf-8")


@dataclass
class Workshop:
    """A copy of this repository in which edits are made and judged: see `open_workshop`.

    Attributes:
        repository: The copy. Rendered projects and the output of judges are beside it.
        variables: Environment variables with the database and the Redis server of the projects' tests.
        environments: The folder with the virtual environments of its projects.
    """

    repository: Path
    variables: Mapping[str, str]
    environments: Path
    _projects: dict[tuple[str, bool], Project] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def edited(self, mutant: Mutant) -> Iterator[None]:
        """Make an edit, and undo it at the end of the `with` block.

        Raises:
            StaleError: The text to replace does not occur exactly once.
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
        """Run a judge on the current template.

        Args:
            judge: The judge.
            options: Additional options of its program.

        Returns:
            The test or the check that fails, None if all pass.
        """
        directory, environment, command = self._call(judge)
        with background(
            *command,
            *options,
            *judge.targets,
            directory=directory,
            environment=environment,
            log=self._log,
            # pytest then stops the processes that its tests started.
            stop_signal=signal.SIGINT,
        ) as run:
            try:
                status = run.process.wait(TIME_LIMIT)
            except subprocess.TimeoutExpired:
                return f"{judge.program} did not finish"
            if status == 0:
                return None
            found = _CULPRIT.search(run.output())
        return found[1] or found[2] if found else f"{judge.program} failed without a result"

    def prove(self, judge: Judge) -> None:
        """Check that a judge passes on the unedited template.

        Raises:
            UnfitError: It fails, or skips a test, which then notices nothing.
        """
        culprit = self.culprit(judge, _TO_THE_END[judge.program])
        printed = self._log.read_text(encoding="utf-8", errors="replace")
        if culprit:
            raise UnfitError(f"{culprit} fails on the unedited template: fix that first.\n{printed}")
        if skipped := _SKIPPED.findall(printed):
            raise UnfitError("\n".join(["Skipped tests notice nothing:", *skipped]))

    @property
    def _log(self) -> Path:
        return self.repository.parent / "log"

    def _call(self, judge: Judge) -> tuple[Path, dict[str, str], tuple[str, ...]]:
        """Return the working directory of a judge, its environment variables, and the beginning of its command."""
        if judge.project is None:
            return self.repository, clean_environment(), (sys.executable, *_PYTEST, "--numprocesses=0")
        project = self._project(judge.project, overlaid=judge.program == "pytest")
        command = ("make",) if judge.program == "make" else (".venv/bin/python", *_PYTEST)
        return project.path, project.environment(self.variables), command

    def _project(self, name: str, *, overlaid: bool) -> Project:
        """Return an installed project of the current template, with or without the overlay."""
        if (name, overlaid) not in self._projects:
            folder = self.repository.parent / f"project-{next(self._numbers)}"
            # Copier renders the newest tag.
            git(self.repository, "tag", "--force", "v0.0.1")
            with _RENDERING:
                project = render(self.repository, folder, COVERING[name])
            project = share_environment(project, folder=self.environments)
            if overlaid:
                lay_over(project)
                install_requirements(project)
            self._projects[name, overlaid] = project
        return self._projects[name, overlaid]


def open_workshop(folder: Path, variables: Mapping[str, str], environments: Path = ENVIRONMENTS) -> Workshop:
    """Copy the working tree of this repository into an existing folder, to make edits there.

    The copy has the history, in which tests look for releases. It has no tags, so that Copier renders the last edit.

    Args:
        folder: The folder.
        variables: Environment variables with the database and the Redis server of the projects' tests.
        environments: A folder for virtual environments. Workshops that run in parallel must not share it.
    """
    repository = folder / "repository"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", "--no-tags", str(ROOT), str(repository))
    git(repository, "rm", "-r", "--quiet", ".")
    copy_working_tree(repository)
    commit_everything(repository, "The working tree")
    # The copy's own tests use the same environments.
    environments.mkdir(parents=True, exist_ok=True)
    link = repository / BUILD.relative_to(ROOT) / "environments"
    link.parent.mkdir()
    link.symlink_to(environments)
    return Workshop(repository, variables, environments)


def together(judges: Iterable[Judge]) -> list[Judge]:
    """Join the judges that have the same program and project."""
    kinds: dict[tuple[str, str | None], list[Judge]] = {}
    for judge in judges:
        kinds.setdefault((judge.program, judge.project), []).append(judge)
    return [Judge(program, _targets(alike), project) for (program, project), alike in kinds.items()]


def _targets(judges: list[Judge]) -> tuple[str, ...]:
    """Return the targets of all judges, each once; none if one judge runs everything."""
    if not all(judge.targets for judge in judges):
        return ()
    return tuple(dict.fromkeys(target for judge in judges for target in judge.targets))
