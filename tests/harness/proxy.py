"""The proxy that a project ships the configuration of."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.browser import make_certificate
from tests.harness.commands import clean_environment
from tests.harness.ports import free_port
from tests.harness.processes import background
from tests.harness.programs import require_program
from tests.harness.project import Project
from tests.harness.serving import is_up
from tests.harness.waiting import wait_until


@contextmanager
def run_proxy(project: Project, upstream: str, directory: Path, *, plain_port: int | None = None) -> Iterator[str]:
    """Run nginx in front of a served project for the time of a `with` block, and give its address, with TLS.

    Args:
        project: Whose `docker/nginx.conf` it runs by: only places and ports are others.
        upstream: Where the project is served.
        directory: A folder for its files.
        plain_port: Where it listens without TLS; anywhere unless given.
    """
    certificate = make_certificate(directory)
    port = free_port()
    text = project.read("docker/nginx.conf").replace("/tmp/nginx", f"{directory}/nginx")  # noqa: S108 - theirs
    for there, here in {
        "listen 80;": f"listen 127.0.0.1:{plain_port or free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "web:8000;": f"{upstream.removeprefix('http://')};",
        "/etc/nginx/tls/tls.crt;": f"{certificate};",
        "/etc/nginx/tls/tls.key;": f"{certificate};",
    }.items():
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    configuration = directory / "nginx.conf"
    configuration.write_text(text, encoding="utf-8")
    with background(
        # As root it gives its workers to an account that may not enter the folder.
        *(require_program("nginx"), "-c", configuration, "-g", "daemon off; user root;"),
        directory=directory,
        environment=clean_environment(),
        log=directory / "nginx.log",
    ) as nginx:
        address = f"https://127.0.0.1:{port}"
        wait_until(lambda: is_up(f"{address}/livez", certificate), "nginx", hopeless=nginx.ended)
        yield address
