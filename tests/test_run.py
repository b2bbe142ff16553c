"""The two commands of the README, on a machine that has nothing but Python, git and make."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pexpect
import pytest

from tests.harness.commands import clean_environment
from tests.harness.git import git
from tests.harness.ports import free_port
from tests.harness.processes import background
from tests.harness.project import Project
from tests.harness.serving import is_up
from tests.harness.waiting import wait_until

# One process runs them all, so that they share one demo.
pytestmark = [pytest.mark.served, pytest.mark.xdist_group("demo")]

# Programs that a project must not need. The Makefile installs uv.
ABSENT = {"docker", "initdb", "pg_ctl", "podman", "postgres", "psql", "redis-cli", "redis-server", "uv", "uvx"}

EMAIL = "owner@example.com"
PASSWORD = "correct horse battery staple"  # noqa: S105 - it opens a database that is gone with the test


@pytest.fixture(scope="module")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the variables of a machine that has this one's programs, but for the absent ones."""
    programs = tmp_path_factory.mktemp("programs")
    environment = clean_environment()
    for folder in environment["PATH"].split(os.pathsep):
        for program in sorted(Path(folder).glob("*")):
            link = programs / program.name
            # As on PATH, the first of a name is the one that is found.
            if program.name not in ABSENT and not link.is_symlink():
                link.symlink_to(program)
    return {**environment, "PATH": str(programs)}


@pytest.fixture(scope="module")
def served(
    template: Path, bare_machine: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str, str]]:
    """Give the folder, the address and the output of what `make demo` serves from a fresh clone."""
    folder = tmp_path_factory.mktemp("demo")
    # A path that does not fit into a Unix socket, with a space and an umlaut.
    project = folder / ("x" * 150) / "my shöp"
    git(folder, "clone", "--quiet", str(template), "clone")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with background(
        *("make", "demo", f"DEST={project}", f"PORT={port}"),
        directory=folder / "clone",
        environment=bare_machine,
        log=folder / "log",
    ) as process:
        wait_until(lambda: is_up(f"{address}/livez"), "answer", deadline=600, hopeless=process.ended)
        yield project, address, process.output()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/api/docs/", "/api/schema/", "/api/redoc/"])
def test_demo_responds(path: str, served: tuple[Path, str, str]) -> None:
    _, address, _ = served
    assert httpx.get(address + path).status_code == httpx.codes.OK


def test_printed_addresses_respond(served: tuple[Path, str, str]) -> None:
    _, address, output = served
    printed = set(re.findall(rf"{re.escape(address)}\S+", output))
    assert len(printed) >= 4
    for url in printed:
        assert httpx.get(url, follow_redirects=True).status_code == httpx.codes.OK, url


def test_anonymous_request_gets_401(served: tuple[Path, str, str]) -> None:
    _, address, _ = served
    answer = httpx.get(f"{address}/api/v1/users/me/")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["content-type"] == "application/problem+json"


def test_superuser_of_the_printed_command_signs_in(served: tuple[Path, str, str], bare_machine: dict[str, str]) -> None:
    project, address, output = served
    (command,) = re.findall(r"(make -C .+ superuser)\s", output)
    program, *arguments = shlex.split(command)
    terminal = pexpect.spawn(
        program, arguments, cwd=str(project), env={**bare_machine, "TERM": "xterm"}, encoding="utf-8", timeout=60
    )
    terminal.expect("(?i)email.*: ")
    terminal.sendline(EMAIL)
    for _ in range(2):
        terminal.expect(r"(?i)password.*: ")
        terminal.sendline(PASSWORD)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0, terminal.before

    tokens = httpx.post(f"{address}/api/v1/auth/token/", json={"email": EMAIL, "password": PASSWORD}).json()
    assert set(tokens) == {"access", "refresh"}
    answer = httpx.get(f"{address}/api/v1/users/me/", headers={"Authorization": f"Bearer {tokens['access']}"})
    assert answer.status_code == httpx.codes.OK
    assert answer.json()["email"] == EMAIL


def test_printed_user_can_place_the_order_of_the_documentation(
    served: tuple[Path, str, str],
) -> None:
    _, address, output = served
    [(email, password)] = re.findall(r"^Demo login: (\S+), (.+)$", output, re.MULTILINE)
    tokens = httpx.post(f"{address}/api/v1/auth/token/", json={"email": email, "password": password}).json()
    document = httpx.get(f"{address}/api/schema/", params={"format": "json"}).json()
    [example] = document["paths"]["/api/v1/orders/"]["post"]["requestBody"]["content"]["application/json"][
        "examples"
    ].values()

    answer = httpx.post(
        f"{address}/api/v1/orders/", json=example["value"], headers={"Authorization": f"Bearer {tokens['access']}"}
    )

    assert answer.status_code == httpx.codes.CREATED, answer.text
    ordered = [(item["product_id"], item["quantity"]) for item in answer.json()["items"]]
    assert ordered == [(item["product_id"], item["quantity"]) for item in example["value"]["items"]]


COUNT_ROWS = """
from apps.catalog.models import Product
from apps.orders.models import Order
from apps.users.models import User
print(*[model.objects.count() for model in (Product, Order, User)])
"""


def test_second_run_serves_beside_the_first_and_adds_no_demo_data(
    served: tuple[Path, str, str], bare_machine: dict[str, str], tmp_path: Path
) -> None:
    path, address, output = served
    project = Project(path, {}, bare_machine)

    def count_rows() -> list[int]:
        return [int(count) for count in project.python("manage.py", "shell", "-v0", "-c", COUNT_ROWS).stdout.split()]

    before = count_rows()
    assert all(before)
    port = free_port()
    with background(
        *("make", "run", f"PORT={port}"), directory=path, environment=bare_machine, log=tmp_path / "log"
    ) as process:
        wait_until(lambda: is_up(f"http://127.0.0.1:{port}/livez"), "answer", hopeless=process.ended)
        again = process.output()
    assert count_rows() == before
    assert httpx.get(f"{address}/readyz").status_code == httpx.codes.OK
    # A user who has forgotten the login reads it again.
    assert re.findall("^Demo login: .+$", again, re.MULTILINE) == re.findall("^Demo login: .+$", output, re.MULTILINE)


def test_demo_needs_no_installed_service(served: tuple[Path, str, str], bare_machine: dict[str, str]) -> None:
    path, _, _ = served
    assert not {program.name for program in Path(bare_machine["PATH"]).iterdir()} & ABSENT
    assert list(path.glob(".local/postgres/*/postmaster.pid"))
