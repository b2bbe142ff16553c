"""Running the processes of a rendered project, as a deployment does."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.harness.ports import free_port
from tests.harness.processes import Background, background
from tests.harness.project import Project
from tests.harness.waiting import wait_until

HOST = "api.example.com"

# As the proxy in front of the project sends it.
THROUGH_PROXY = {"Host": HOST, "X-Forwarded-Proto": "https"}


def production_variables(database_url: str, redis_url: str) -> dict[str, str]:
    """Return all the variables that a production needs, for the services at two addresses."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DJANGO_SECRET_KEY": "made-up-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url.removesuffix("0") + "1",
        "ADMIN_URL": "back-office/",
        # Nobody balances the load here, who would have to be told first.
        "DRAIN_SECONDS": "0",
        # The proxy has another address than gunicorn, which by itself believes nobody else.
        "FORWARDED_ALLOW_IPS": "192.0.2.1",
    }


@dataclass(frozen=True)
class Server:
    """A project that gunicorn serves.

    Attributes:
        address: Where.
        process: Its master.
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
    """Run gunicorn for the time of a `with` block, and give it when it is up. The database is migrated.

    Args:
        project: A project with an environment.
        variables: What its processes see.
        options: More options of gunicorn.
        application: What gunicorn serves.
        workers: How many processes it has.
        certificate: A certificate for `127.0.0.1` with its key, for TLS that gunicorn speaks itself.
        prefix: A command that runs it.
        log: Where it prints to; a file in the project unless given.
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
        # As an orchestrator asks: by the bare address.
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
    """Migrate the database of a project, serve it for the time of a `with` block, and give its address.

    Takes what `run_server` takes.
    """
    migrate(project, variables)
    with run_server(
        project, variables, *options, application=application, workers=workers, certificate=certificate
    ) as server:
        yield server.address


def migrate(project: Project, variables: Mapping[str, str]) -> None:
    """Bring the database of a project up to date."""
    project.python("manage.py", "migrate", "--verbosity", "0", env=variables)


@contextmanager
def run_worker(
    project: Project,
    variables: Mapping[str, str],
    number: int = 0,
    *,
    prefix: tuple[str, ...] = (),
    log: Path | None = None,
) -> Iterator[Background]:
    """Run a Celery worker with two processes for the time of a `with` block.

    Args:
        project: A project with an environment.
        variables: What it sees.
        number: Tells it from others of the same project.
        prefix: A command that runs it.
        log: Where it prints to; a file in the project unless given.
    """
    with background(
        *(*prefix, ".venv/bin/celery", "--app", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"),
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
    """Run beat for the time of a `with` block; see `run_worker`."""
    with background(
        *(*prefix, ".venv/bin/celery", "--app", "config", "beat", "--loglevel", "INFO"),
        directory=project.path,
        environment=project.environment(variables),
        log=project.path / f"beat-{number}.log",
    ) as beat:
        yield beat


def is_up(url: str, certificate: Path | None = None) -> bool:
    """Tell whether an address answers that all is well, over TLS with a certificate that is believed."""
    try:
        verify = ssl.create_default_context(cafile=certificate) if certificate else True
        return httpx.get(url, verify=verify).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
