"""Serving a rendered project with gunicorn, as a deployment does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.harness.ports import free_port
from tests.harness.processes import background
from tests.harness.project import Project
from tests.harness.waiting import wait_until


@contextmanager
def serve(
    project: Project,
    variables: Mapping[str, str],
    *options: str,
    application: str = "config.wsgi:application",
    workers: int = 2,
) -> Iterator[str]:
    """Migrate the database of a project, serve it for the time of a `with` block, and give its address.

    Args:
        project: A project with an environment.
        variables: What its processes see.
        options: More options of gunicorn.
        application: What gunicorn serves.
        workers: How many processes it has.
    """
    project.python("manage.py", "migrate", "--verbosity", "0", env=variables)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with background(
        *(".venv/bin/gunicorn", application, "--config", "config/gunicorn.conf.py", *options),
        directory=project.path,
        environment=project.environment({**variables, "PORT": str(port), "WEB_CONCURRENCY": str(workers)}),
        log=project.path / "gunicorn.log",
    ) as process:
        wait_until(lambda: _is_ready(address), "readiness", hopeless=process.ended)
        yield address


def _is_ready(address: str) -> bool:
    """Ask as an orchestrator does: by the bare address, without TLS."""
    try:
        return httpx.get(f"{address}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
