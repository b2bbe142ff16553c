"""Running a command, with an environment that owes nothing to the one of the tests."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.harness.paths import PROGRAMS

# Ample for the slowest command, an install without a cache: what exceeds it hangs.
TIME_LIMIT = 900.0

# Variables of the session that would change what a command does in a rendered project.
_FOREIGN_PREFIXES = (
    "CELERY_",
    "COVERAGE_",
    "COV_CORE_",
    "DATABASE_",
    "DJANGO_",
    "GIT_",
    "MAKE",
    "OTEL_",
    "PYTEST_",
    "PYTHON",
    "REDIS_",
    "SENTRY_",
)
_FOREIGN_NAMES = {
    "ADMIN_URL",
    "ALLOWED_HOSTS",
    "ARGS",
    "CORS_ORIGINS",
    "DEST",
    "MFLAGS",
    "PORT",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "VIRTUAL_ENV",
    "WEB_CONCURRENCY",
}


class CommandFailedError(AssertionError):
    """A command ended with another status than zero, or did not end."""


def clean_environment() -> dict[str, str]:
    """Return this process's variables without those that belong to its own work.

    The programs of the tests' own environment leave PATH too: a rendered project
    must bring what it needs.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN_NAMES and not name.startswith(_FOREIGN_PREFIXES)
    }
    folders = environment["PATH"].split(os.pathsep)
    environment["PATH"] = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != PROGRAMS.resolve())
    # Identity and settings of whoever runs the tests do not reach their repositories.
    for role in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{role}_NAME"] = "Somebody"
        environment[f"GIT_{role}_EMAIL"] = "somebody@example.com"
    environment["GIT_CONFIG_GLOBAL"] = os.devnull
    environment["GIT_CONFIG_NOSYSTEM"] = "1"
    return environment


def execute(
    *command: str | Path,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        directory: Where it runs.
        environment: All its variables; those of `clean_environment` unless given.
        check: Whether another status than zero is an error.

    Returns:
        The ended process, with its output as text.

    Raises:
        CommandFailedError: It failed and `check` is set, or it did not end in time;
            the message holds the command and its whole output.
    """
    with subprocess.Popen(
        command,
        cwd=directory,
        env=clean_environment() if environment is None else environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A group of its own, so that its children end with it.
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            raise CommandFailedError(_report(command, directory, "no end", stdout, stderr)) from error
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if check and process.returncode != 0:
        raise CommandFailedError(_report(command, directory, f"status {process.returncode}", stdout, stderr))
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _report(
    command: tuple[str | Path, ...],
    directory: Path,
    outcome: str,
    stdout: str,
    stderr: str,
) -> str:
    line = " ".join(str(part) for part in command)
    return f"{outcome}: {line}\nin {directory}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
