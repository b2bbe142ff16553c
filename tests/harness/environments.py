"""Virtual environments of rendered projects, shared by projects with the same dependencies."""

import hashlib
import json
import os
import shutil
import tempfile
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.harness.commands import execute
from tests.harness.paths import ENVIRONMENTS
from tests.harness.project import Project
from tests.harness.questions import PYTHON_VERSIONS

# Development, as `make install` sets it up.
DEVELOPMENT = ()
# Only what a deployment installs.
PRODUCTION = ("--no-default-groups", "--group", "production")

# What uv resolved in this run, by what it was asked for: it asks the index for seconds each time.
_RESOLVED: dict[str, bytes] = {}


def share_environment(
    project: Project,
    groups: tuple[str, ...] = DEVELOPMENT,
    *,
    takes_turns: bool = False,
    folder: Path = ENVIRONMENTS,
) -> Project:
    """Link a project to a shared environment with its dependencies installed.

    Projects that install the same share an environment, so that only the first pays for it. Each test process has
    its own, so that two never sync the same one.

    Args:
        project: A project without an environment.
        groups: The options of `uv sync` that choose what to install.
        takes_turns: Whether all projects of a Python version share one environment, one after the other: what two
            of them both install stays, compiled. The environment of the previous project changes.
        folder: The folder of the environments.

    Returns:
        The project, with a type checker cache for projects that install the same.
    """
    configuration = tomllib.loads(project.read("pyproject.toml"))
    process = [
        project.read(".python-version"),
        {name: value for name, value in project.variables.items() if name.startswith("UV_")},
        groups,
        # The only process of a run has what the first of several has.
        os.environ.get("PYTEST_XDIST_WORKER", "gw0"),
    ]
    dependencies = [configuration["project"]["dependencies"], configuration["dependency-groups"]]
    own = folder / _identifier([*process, dependencies])
    environment = (folder / _identifier([*process, "turns"]) if takes_turns else own) / "venv"
    if not (environment / "pyvenv.cfg").exists():
        environment.parent.mkdir(parents=True, exist_ok=True)
        project.run("uv", "venv", "--quiet", str(environment))
    request = _identifier([*process[:2], configuration["project"], configuration["dependency-groups"]])
    lock = project.path / "uv.lock"
    if not lock.exists() and request in _RESOLVED:
        lock.write_bytes(_RESOLVED[request])
    # By its own path, which the first line of every installed program names: the link goes with the project.
    project.run("uv", "sync", "--quiet", *groups, env={"UV_PROJECT_ENVIRONMENT": str(environment)})
    _RESOLVED[request] = lock.read_bytes()
    (project.path / ".venv").symlink_to(environment)
    # mypy compares a cached file by its content, so that variants may share a cache.
    return replace(project, variables={**project.variables, "MYPY_CACHE_DIR": str(own / "mypy")})


def _identifier(identity: list[object]) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


@cache
def find_python(version: str) -> Path | None:
    """Return the interpreter of a Python version on this machine, or None."""
    directory = Path(tempfile.mkdtemp())
    try:
        # Some version managers offer a version only if this file asks for it.
        (directory / ".python-version").write_text(version + "\n", encoding="utf-8")
        answer = execute(
            *("uv", "python", "find", "--no-python-downloads", version),
            directory=directory,
            check=False,
        )
    finally:
        shutil.rmtree(directory)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


@cache
def runnable_python_versions() -> list[str]:
    """Return the offered Python versions that this machine has, in the order of `copier.yml`.

    Where it has none of them, the first alone: uv then fetches it, or says why it cannot.
    """
    found = [version for version in PYTHON_VERSIONS if find_python(version)]
    return found or PYTHON_VERSIONS[:1]
