"""The commands in the README of a fresh project work: register, sign in, order a product, sign out."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.ports import free_port
from tests.harness.processes import Background, background
from tests.harness.project import Project
from tests.harness.serving import is_up
from tests.harness.waiting import wait_until

# One worker process runs all of them, so that they share a server.
pytestmark = [pytest.mark.served, pytest.mark.xdist_group("journey")]

# curl prints the status of each response on a line of its own, without a change of the commands.
CURLRC = 'silent\nshow-error\nwrite-out = "\\n%{http_code}"\n'

ADDRESS = "ada@example.com"
PASSWORD = "another horse entirely"  # noqa: S105 - the account is deleted with the test


@dataclass(frozen=True)
class Site:
    """A project with default answers, served by `make run`.

    Attributes:
        project: The project.
        port: The port it listens on.
        process: `make run`, with its output.
    """

    project: Project
    port: int
    process: Background

    @property
    def api(self) -> str:
        """The URL that the README calls API."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    def links(self) -> list[str]:
        """Return the links in the emails so far, oldest first."""
        return re.findall(r"^http\S+/account/\S+$", self.process.output(), re.MULTILINE)

    def next_link(self, known: list[str]) -> str:
        """Wait for the next email, and return its link.

        Args:
            known: The links of earlier emails.
        """
        (link,) = wait_until(lambda: self.links()[len(known) :], "link in a mail", hopeless=self.process.ended)
        return link


@pytest.fixture(scope="module")
def site(rendered: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a served project."""
    folder = tmp_path_factory.mktemp("journey")
    project = share_environment(Project(shutil.copytree(rendered({}).path, folder / "project"), {}))
    port = free_port()
    with background(
        *("make", "run", f"PORT={port}"),
        directory=project.path,
        environment=project.environment(),
        log=folder / "log",
    ) as process:
        site = Site(project, port, process)
        wait_until(lambda: is_up(f"http://127.0.0.1:{port}/livez"), "answer", hopeless=process.ended)
        yield site


def commands(readme: str, heading: str) -> list[str]:
    """Return the commands of the code block under a heading, without comments."""
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


class Reader:
    """Runs commands of the README, and fills in its placeholders from the output of earlier commands."""

    def __init__(self, site: Site, home: Path) -> None:
        """Configure curl in a new folder."""
        self.site = site
        home.mkdir()
        (home / ".curlrc").write_text(CURLRC, encoding="utf-8")
        self.environment = {"CURL_HOME": str(home)}
        self.assignments: list[str] = []
        self.links = site.links()
        # The last JSON response, and all responses with tokens.
        self.newest: dict[str, Any] = {}
        self.pairs: list[dict[str, str]] = []

    def follow(self, line: str) -> tuple[int, str] | None:
        """Run a command, and return the status and the body of its response, or None for an assignment."""
        name, is_assignment, value = line.partition("=")
        if is_assignment and name.isupper():
            self.assignments.append(f"{name}={self._seen(name) if value == '…' else self._moved(value)}")
            return None
        script = "\n".join([*self.assignments, line])
        shell = self.site.project.run("bash", "-euc", script, env=self.environment)
        body, _, status = shell.stdout.rpartition("\n")
        assert int(status) < httpx.codes.BAD_REQUEST, f"{script}\n{status}: {body}"
        if body:
            self.newest = json.loads(body)
        if "access" in self.newest and self.newest not in self.pairs:
            self.pairs.append(self.newest)
        return int(status), body

    def _moved(self, value: str) -> str:
        """Return the URL with the port of this test."""
        assert value == "http://127.0.0.1:8000/api/v1"
        return self.site.api

    def _seen(self, name: str) -> str:
        """Return the value of a placeholder of the README."""
        if name == "TOKEN":
            return self.site.next_link(self.links).partition("token=")[2]
        if name == "PRODUCT":
            return str(self.newest["results"][0]["id"])
        if name == "ORDER":
            return str(self.newest["id"])
        return self.pairs[-1][name.lower()]


def test_readme_commands_register_sign_in_and_sign_out(site: Site, tmp_path: Path) -> None:
    reader = Reader(site, tmp_path / "curl")
    answers = [
        answer for line in commands(site.project.read("README.md"), "Use the API") if (answer := reader.follow(line))
    ]

    assert [status for status, _ in answers] == [
        httpx.codes.ACCEPTED,  # Register.
        httpx.codes.NO_CONTENT,  # Confirm the address.
        httpx.codes.OK,  # Sign in.
        httpx.codes.OK,  # The account.
        httpx.codes.OK,  # Refresh.
        httpx.codes.NO_CONTENT,  # Sign out.
    ], answers
    me = json.loads(answers[3][1])
    assert me["email"] == ADDRESS

    first, last = reader.pairs
    assert first["refresh"] != last["refresh"]
    # Signing out revokes tokens immediately, before they expire.
    for pair in (first, last):
        called = httpx.get(f"{site.api}/users/me/", headers={"Authorization": f"Bearer {pair['access']}"})
        assert called.status_code == httpx.codes.UNAUTHORIZED
    refreshed = httpx.post(f"{site.api}/auth/token/refresh/", json={"refresh": last["refresh"]})
    assert refreshed.status_code == httpx.codes.UNAUTHORIZED


def test_readme_commands_place_and_cancel_an_order(site: Site, tmp_path: Path) -> None:
    reader = Reader(site, tmp_path / "curl")
    lines = commands(site.project.read("README.md"), "Order something")
    answers = [answer for line in lines if (answer := reader.follow(line))]

    assert [status for status, _ in answers] == [
        httpx.codes.OK,  # Sign in.
        httpx.codes.OK,  # Products.
        httpx.codes.CREATED,  # Order.
        httpx.codes.OK,  # Show the order.
        httpx.codes.OK,  # Cancel it.
    ], answers
    products, placed, seen, cancelled = (json.loads(body) for _, body in answers[1:])
    assert seen == placed
    assert [item["quantity"] for item in placed["items"]] == [2]
    assert (placed["status"], cancelled["status"]) == ("pending", "cancelled")

    # The same idempotency key places no second order. Cancelling restores the stock.
    (place,) = [line for line in lines if "Idempotency-Key" in line]
    again = reader.follow(place)
    assert again is not None
    assert json.loads(again[1])["id"] == placed["id"]
    product = httpx.get(f"{site.api}/catalog/products/{products['results'][0]['id']}/").json()
    assert product["stock"] == products["results"][0]["stock"]
    wait_until(lambda: placed["id"] in site.process.output(), "mail", hopeless=site.process.ended)


def test_verify_email_page_confirms_when_its_button_is_pressed(site: Site) -> None:
    credentials = {"email": "grace@example.com", "password": PASSWORD}
    known = site.links()

    def sign_in() -> int:
        return httpx.post(f"{site.api}/auth/token/", json=credentials).status_code

    assert httpx.post(f"{site.api}/auth/register/", json=credentials).status_code == httpx.codes.ACCEPTED
    link = site.next_link(known)
    with httpx.Client() as browser:
        page = browser.get(link)
        assert page.status_code == httpx.codes.OK
        # Opening the page changes nothing: mail scanners open every link.
        assert sign_in() == httpx.codes.UNAUTHORIZED

        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page.text))
        assert set(form) == {"csrfmiddlewaretoken", "token"}
        assert browser.post(link, data={"token": form["token"]}).status_code == httpx.codes.FORBIDDEN
        assert sign_in() == httpx.codes.UNAUTHORIZED

        assert browser.post(link, data=form).status_code == httpx.codes.OK
        assert sign_in() == httpx.codes.OK
        assert browser.post(link, data=form).status_code == httpx.codes.BAD_REQUEST
