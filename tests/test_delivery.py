"""The image, the compose file and the CI pipelines of a project."""

import re
import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.git import git
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION
from tests.harness.serving import THROUGH_PROXY, serve

# The image -----------------------------------------------------------------------


def is_sent(path: PurePosixPath, patterns: list[str]) -> bool:
    """Return whether a file is in the build context: the last matching pattern of `.dockerignore` decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    sent = True
    for pattern in patterns:
        wanted = re.escape(pattern.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(wanted, str(part)) for part in (path, *path.parents)):
            sent = pattern.startswith("!")
    return sent


def build_context(project: Project, folder: Path) -> Project:
    """Copy what a build is sent of a project, and return the copy."""
    lines = project.read(".dockerignore").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for path in project.files():
        if is_sent(PurePosixPath(path), patterns):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.path / path, folder / path)
    return Project(folder, project.answers, project.variables)


def instructions(project: Project) -> list[tuple[str, str]]:
    """Return the instructions of the last stage of the Dockerfile, each with its arguments."""
    text = re.sub(r"^#.*\n", "", project.read("docker/Dockerfile"), flags=re.MULTILINE).replace("\\\n", "")
    found = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    start = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return [(name, rest) for name, rest in found[start:]]


def test_docker_build_context_has_the_needed_files_only(
    render_project: Render, variables: dict[str, str], tmp_path: Path
) -> None:
    rendered = render_project({})
    rendered.write(".env", "DJANGO_SECRET_KEY=secret\n")
    # With the lock file that this makes.
    share_environment(rendered, PRODUCTION)
    project = build_context(rendered, tmp_path / "context")
    (project.path / ".venv").symlink_to(rendered.path / ".venv")

    assert {path.parts[0] for path in project.files()} == {
        *("apps", "config", "manage.py", "pyproject.toml", "static", "templates", "uv.lock"),
    }
    assert [path for path in project.files() if "tests" in path.parts] == []
    project.python("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=variables)
    with serve(project, variables) as address:
        page = httpx.get(f"{address}/account/verify-email/?token=x", headers=THROUGH_PROXY)
        assert page.status_code == httpx.codes.OK


def test_image_uses_the_locked_packages_and_does_not_run_as_root(rendered: Render) -> None:
    for server in ("wsgi", "asgi"):
        last = dict(instructions(rendered({"server": server})))
        assert int(last["USER"]) > 0
        assert yaml.safe_load(last["CMD"]) == [
            *("gunicorn", f"config.{server}:application", "-c", "config/gunicorn.conf.py"),
        ]


# The compose file ----------------------------------------------------------------


def test_container_health_check_calls_an_existing_path(install_project: Render, variables: dict[str, str]) -> None:
    project = install_project({})
    web = yaml.safe_load(project.read("compose.yaml"))["services"]["web"]
    kind, *command = web["healthcheck"]["test"]
    assert (kind, command[0]) == ("CMD", "python")

    with serve(project, variables) as address:
        port = address.rpartition(":")[2]
        project.python(*(part.replace(":8000", f":{port}") for part in command[1:]))


def test_compose_publishes_ports_on_loopback_only(rendered: Render) -> None:
    services = yaml.safe_load(rendered({"database_pool": "pgbouncer"}).read("compose.yaml"))["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


# Pipelines -----------------------------------------------------------------------


def commands(project: Project) -> set[str]:
    """Return what the pipelines of a project run, line by line."""
    found: list[str] = []
    for path in project.path.glob(".github/workflows/*.yml"):
        jobs: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
        found += [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    if (project.path / ".gitlab-ci.yml").exists():
        parts = yaml.safe_load(project.read(".gitlab-ci.yml")).values()
        found += [line for part in parts if "script" in part for line in part["script"]]
    return {line for text in found for line in text.splitlines()}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_pipeline_checks_tests_audits_builds_and_updates(ci: str, rendered: Render) -> None:
    project = rendered({"ci": ci})
    run = commands(project)
    assert {"make check", "make test", "make audit", "scripts/open_update.sh"} <= run

    [build] = [shlex.split(line) for line in run if line.startswith("docker build")]
    assert (project.path / build[build.index("--file") + 1]).exists()
    [install] = [line for line in run if "pip install" in line]
    assert f"copier>={CONFIGURATION['_min_copier_version']}," in install


# What git takes ------------------------------------------------------------------


def test_git_tracks_rendered_files_and_ignores_generated_ones(render_project: Render) -> None:
    project = render_project({})
    rendered = [str(path) for path in project.files()]
    for name in (".env", ".venv/pyvenv.cfg", ".local/postgres/log", "staticfiles/a.css", ".coverage"):
        project.write(name, "secret\n")
    project.write("apps/__pycache__/a.pyc", "compiled\n")

    git(project.path, "init", "--quiet")
    git(project.path, "add", "--all")

    assert sorted(git(project.path, "ls-files", "-z").split("\0")[:-1]) == sorted(rendered)
