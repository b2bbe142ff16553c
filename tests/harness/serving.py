"""Run the processes of a rendered project as a deployment does."""

import hashlib
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from tests.harness.ports import free_port
from tests.harness.postgres import dump_database
from tests.harness.processes import Background, background
from tests.harness.project import Project
from tests.harness.waiting import wait_until

HOST = "api.example.com"

# What a migration leaves in an empty database, by the apps of the project.
_MIGRATED: dict[str, str] = {}

# Made once: it reads all the authorities there are, which takes longer than a request.
CONTEXT = ssl.create_default_context()

# The headers that the proxy sends.
THROUGH_PROXY = {"Host": HOST, "X-Forwarded-Proto": "https"}


def production_variables(database_url: str, redis_url: str) -> dict[str, str]:
    """Return all environment variables that production needs, with these two services."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DJANGO_SECRET_KEY": "made-up-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url.removesuffix("0") + "1",
        "ADMIN_URL": "back-office/",
        # There is no load balancer that must notice the failing probe first.
        "DRAIN_SECONDS": "0",
        # gunicorn accepts forwarded headers from its own address only, by default.
        "FORWARDED_ALLOW_IPS": "192.0.2.1",
    }


@dataclass(frozen=True)
class Server:
    """A project that gunicorn serves.

    Attributes:
        address: Its base URL.
        process: Its master process.
    """

    address: str
    process: Background


@contextmanager
def run_server(  # noqa: PLR0913 - each by its name
    project: Project,
    variables: Mapping[str, str],
    *options: str,
    application: str = "config.wsgi:application",
    workers: int = 2,
    certificate: Path | None = None,
    prefix: tuple[str, ...] = (),
    log: Path | None = None,
) -> Iterator[Server]:
    """Run gunicorn on a migrated database, and yield it when it is ready.

    Args:
        project: A project with an environment.
        variables: Its environment variables.
        options: More options of gunicorn.
        application: The application that gunicorn serves.
        workers: The number of worker processes.
        certificate: A certificate for `127.0.0.1` with its key, if gunicorn itself uses TLS.
        prefix: A command that it is an argument of.
        log: The file that receives its output; a file in the project by default.
    """
    port = free_port()
    address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    if certificate:
        options += ("--certfile", str(certificate), "--keyfile", str(certificate))
    with background(
        *(*prefix, ".venv/bin/gunicorn", application, "--config", "config/gunicorn.conf.py", *options),
        directory=project.path,
        environment=project.environment({**variables, "PORT": str(port), "WEB_CONCURRENCY": str(workers)}),
        log=log or project.path / "gunicorn.log",
    ) as process:
        # Like an orchestrator: by IP address.
        wait_until(lambda: is_up(f"{address}/readyz", certificate), "readiness", hopeless=process.ended)
        yield Server(address, process)


@contextmanager
def serve(
    project: Project,
    variables: Mapping[str, str],
    *options: str,
    application: str = "config.wsgi:application",
    workers: int = 2,
    certificate: Path | None = None,
) -> Iterator[str]:
    """Migrate the database of a project, serve it, and yield its address.

    Takes what `run_server` takes.
    """
    migrate(project, variables)
    with run_server(
        project, variables, *options, application=application, workers=workers, certificate=certificate
    ) as server:
        yield server.address


def migrate(project: Project, variables: Mapping[str, str]) -> None:
    """Migrate the database of a project. An empty one gets what this left in the database of an equal project."""
    url = variables["DATABASE_URL"]
    files = [path for path in project.files() if path.parts[0] == "apps" and path.suffix == ".py"]
    texts = [project.read(str(path)) for path in [*files, "pyproject.toml"]]
    digest = hashlib.sha256(json.dumps([project.answers, texts]).encode()).hexdigest()
    with psycopg.connect(url, autocommit=True) as database:
        [[is_empty]] = database.execute("SELECT to_regclass('django_migrations') IS NULL")
        if is_empty and digest in _MIGRATED:
            database.execute(_MIGRATED[digest].encode())
            return
    project.python("manage.py", "migrate", "--verbosity", "0", env=variables)
    if is_empty:
        _MIGRATED[digest] = dump_database(url)


@contextmanager
def run_worker(
    project: Project,
    variables: Mapping[str, str],
    number: int = 0,
    *,
    prefix: tuple[str, ...] = (),
    log: Path | None = None,
) -> Iterator[Background]:
    """Run a Celery worker with two processes.

    Args:
        project: A project with an environment.
        variables: Its environment variables.
        number: A number that no other worker of the project has.
        prefix: A command that it is an argument of.
        log: The file that receives its output; a file in the project by default.
    """
    with background(
        *(*prefix, ".venv/bin/celery", "--quiet", "--app", "config", "worker"),
        *("--concurrency", "2", "--loglevel", "INFO"),
        *("--hostname", f"{number}@%h"),
        directory=project.path,
        environment=project.environment(variables),
        log=log or project.path / f"worker-{number}.log",
    ) as worker:
        yield worker


@contextmanager
def run_beat(
    project: Project, variables: Mapping[str, str], number: int = 0, *, prefix: tuple[str, ...] = ()
) -> Iterator[Background]:
    """Run beat; see `run_worker`."""
    with background(
        *(*prefix, ".venv/bin/celery", "--quiet", "--app", "config", "beat", "--loglevel", "INFO"),
        directory=project.path,
        environment=project.environment(variables),
        log=project.path / f"beat-{number}.log",
    ) as beat:
        yield beat


def is_up(url: str, certificate: Path | None = None) -> bool:
    """Return whether a URL responds with 200, over TLS if a certificate is given."""
    try:
        verify = ssl.create_default_context(cafile=certificate) if certificate else CONTEXT
        return httpx.get(url, verify=verify).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
