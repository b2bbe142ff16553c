"""Who follows the README of a fresh project gets an account, signs in, orders something and signs out."""

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

# One process runs them all, so that they share one server.
pytestmark = [pytest.mark.served, pytest.mark.xdist_group("journey")]

# After each answer curl prints its status, on a line of its own. The commands stay as they are.
CURLRC = 'silent\nshow-error\nwrite-out = "\\n%{http_code}"\n'

ADDRESS = "ada@example.com"
PASSWORD = "another horse entirely"  # noqa: S105 - of an account that is gone with the test


@dataclass(frozen=True)
class Site:
    """A project that `make run` serves, with nothing but the defaults.

    Attributes:
        project: The project.
        port: Where it listens.
        process: `make run` itself; what it prints is all that a person sees.
    """

    project: Project
    port: int
    process: Background

    @property
    def api(self) -> str:
        """The address that the README calls API."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    def links(self) -> list[str]:
        """Return the links in the text of the mails so far, in order, as a person reads them."""
        return re.findall(r"^http\S+/account/\S+$", self.process.output(), re.MULTILINE)

    def next_link(self, known: list[str]) -> str:
        """Wait for a mail, and return the link in it.

        Args:
            known: The links that were there before.
        """
        (link,) = wait_until(lambda: self.links()[len(known) :], "link in a mail", hopeless=self.process.ended)
        return link


@pytest.fixture(scope="module")
def site(rendered: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a served project."""
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
    """Return the lines of the block under a heading, without comments."""
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


class Reader:
    """A person with a terminal, who fills in what the README leaves open from what is on the screen."""

    def __init__(self, site: Site, home: Path) -> None:
        """Sit down where a project is served, with a new folder for the settings of curl."""
        self.site = site
        home.mkdir()
        (home / ".curlrc").write_text(CURLRC, encoding="utf-8")
        self.environment = {"CURL_HOME": str(home)}
        self.assignments: list[str] = []
        self.links = site.links()
        # The newest JSON on the screen, and all that had tokens, the newest last.
        self.newest: dict[str, Any] = {}
        self.pairs: list[dict[str, str]] = []

    def follow(self, line: str) -> tuple[int, str] | None:
        """Type a line, and return the status and the body that it gets, None where it gets none."""
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
        """Return an address with the port of the tests: the one in the README may be taken."""
        assert value == "http://127.0.0.1:8000/api/v1"
        return self.site.api

    def _seen(self, name: str) -> str:
        """Return what stands on the screen for a name of the README."""
        if name == "TOKEN":
            return self.site.next_link(self.links).partition("token=")[2]
        if name == "PRODUCT":
            return str(self.newest["results"][0]["id"])
        if name == "ORDER":
            return str(self.newest["id"])
        return self.pairs[-1][name.lower()]


def test_the_commands_of_the_readme_lead_from_registering_to_signing_out(site: Site, tmp_path: Path) -> None:
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
    # Signed out means at once, not when the tokens expire.
    for pair in (first, last):
        called = httpx.get(f"{site.api}/users/me/", headers={"Authorization": f"Bearer {pair['access']}"})
        assert called.status_code == httpx.codes.UNAUTHORIZED
    refreshed = httpx.post(f"{site.api}/auth/token/refresh/", json={"refresh": last["refresh"]})
    assert refreshed.status_code == httpx.codes.UNAUTHORIZED


def test_the_commands_of_the_readme_order_something_and_call_it_off(site: Site, tmp_path: Path) -> None:
    reader = Reader(site, tmp_path / "curl")
    lines = commands(site.project.read("README.md"), "Order something")
    answers = [answer for line in lines if (answer := reader.follow(line))]

    assert [status for status, _ in answers] == [
        httpx.codes.OK,  # Sign in.
        httpx.codes.OK,  # Products.
        httpx.codes.CREATED,  # Order.
        httpx.codes.OK,  # Look at it.
        httpx.codes.OK,  # Call it off.
    ], answers
    products, placed, seen, cancelled = (json.loads(body) for _, body in answers[1:])
    assert seen == placed
    assert [item["quantity"] for item in placed["items"]] == [2]
    assert (placed["status"], cancelled["status"]) == ("pending", "cancelled")

    # Sent again it orders nothing, and what was called off is back.
    (place,) = [line for line in lines if "Idempotency-Key" in line]
    again = reader.follow(place)
    assert again is not None
    assert json.loads(again[1])["id"] == placed["id"]
    product = httpx.get(f"{site.api}/catalog/products/{products['results'][0]['id']}/").json()
    assert product["stock"] == products["results"][0]["stock"]
    wait_until(lambda: placed["id"] in site.process.output(), "mail", hopeless=site.process.ended)


def test_the_page_behind_the_link_confirms_at_the_press_of_its_button(site: Site) -> None:
    credentials = {"email": "grace@example.com", "password": PASSWORD}
    known = site.links()

    def sign_in() -> int:
        return httpx.post(f"{site.api}/auth/token/", json=credentials).status_code

    assert httpx.post(f"{site.api}/auth/register/", json=credentials).status_code == httpx.codes.ACCEPTED
    link = site.next_link(known)
    with httpx.Client() as browser:
        page = browser.get(link)
        assert page.status_code == httpx.codes.OK
        # To open it changes nothing: programs that look at mail do that too.
        assert sign_in() == httpx.codes.UNAUTHORIZED

        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page.text))
        assert set(form) == {"csrfmiddlewaretoken", "token"}
        assert browser.post(link, data={"token": form["token"]}).status_code == httpx.codes.FORBIDDEN
        assert sign_in() == httpx.codes.UNAUTHORIZED

        assert browser.post(link, data=form).status_code == httpx.codes.OK
        assert sign_in() == httpx.codes.OK
        assert browser.post(link, data=form).status_code == httpx.codes.BAD_REQUEST
