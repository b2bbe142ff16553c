"""Running the processes of a rendered project, as a deployment does."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
        # The proxy has another address than gunicorn, which by itself believes nobody else.
        "FORWARDED_ALLOW_IPS": "192.0.2.1",
    }


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

    Args:
        project: A project with an environment.
        variables: What its processes see.
        options: More options of gunicorn.
        application: What gunicorn serves.
        workers: How many processes it has.
        certificate: A certificate for `127.0.0.1` with its key, for TLS that gunicorn speaks itself.
    """
    project.python("manage.py", "migrate", "--verbosity", "0", env=variables)
    port = free_port()
    address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    if certificate:
        options += ("--certfile", str(certificate), "--keyfile", str(certificate))
    with background(
        *(".venv/bin/gunicorn", application, "--config", "config/gunicorn.conf.py", *options),
        directory=project.path,
        environment=project.environment({**variables, "PORT": str(port), "WEB_CONCURRENCY": str(workers)}),
        log=project.path / "gunicorn.log",
    ) as process:
        # As an orchestrator asks: by the bare address.
        wait_until(lambda: is_up(f"{address}/readyz", certificate), "readiness", hopeless=process.ended)
        yield address


@contextmanager
def run_worker(project: Project, variables: Mapping[str, str]) -> Iterator[Background]:
    """Run a Celery worker with two processes for the time of a `with` block."""
    with background(
        *(".venv/bin/celery", "--app", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"),
        directory=project.path,
        environment=project.environment(variables),
        log=project.path / "worker.log",
    ) as worker:
        yield worker


def is_up(url: str, certificate: Path | None = None) -> bool:
    """Tell whether an address answers that all is well, over TLS with a certificate that is believed."""
    try:
        return httpx.get(url, verify=ssl.create_default_context(cafile=certificate)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
