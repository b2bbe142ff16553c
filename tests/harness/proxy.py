"""nginx with the configuration of a project."""

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
    """Run nginx with TLS in front of a served project, and yield its address.

    Args:
        project: The project whose `docker/nginx.conf` it uses, with other paths and ports.
        upstream: The address of the project.
        directory: A folder for its files.
        plain_port: The port without TLS; any free port by default.
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
        # As root it runs its workers under an account that cannot read the folder.
        *(require_program("nginx"), "-c", configuration, "-g", "daemon off; user root;"),
        directory=directory,
        environment=clean_environment(),
        log=directory / "nginx.log",
    ) as nginx:
        address = f"https://127.0.0.1:{port}"
        wait_until(lambda: is_up(f"{address}/livez", certificate), "nginx", hopeless=nginx.ended)
        yield address
