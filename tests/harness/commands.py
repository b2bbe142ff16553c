"""Run a command with a clean environment."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.harness.paths import PROGRAMS

# Enough for the slowest command, an install without a cache.
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
    """A command failed or did not end in time."""


def clean_environment() -> dict[str, str]:
    """Return the environment variables of this process without those of the test session.

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
    # The git identity and settings of the user must not reach the repositories of the tests.
    for role in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{role}_NAME"] = "Test"
        environment[f"GIT_{role}_EMAIL"] = "test@example.com"
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
        directory: The working directory.
        environment: All its variables; `clean_environment` by default.
        check: Whether a status other than zero is an error.

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
        # In its own process group, so that its children end with it.
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
