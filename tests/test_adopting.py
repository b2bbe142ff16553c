"""A plain Django project becomes a project of this template by the commands and edits of `docs/adopting.md`."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.git import git
from tests.harness.paths import PROGRAMS, ROOT
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.updates import commit, copier

pytestmark = pytest.mark.served

PAGE = ROOT / "docs" / "adopting.md"
CONVERSION = "convert_users.py"
PASSWORD = "correct horse battery"  # noqa: S105 - a test password

MODELS = """from django.contrib.auth.models import User
from django.db import models


class Note(models.Model):
    title = models.CharField(max_length=100)
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    editor = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="edited")
    watchers = models.ManyToManyField(User, related_name="watched")


class Profile(models.Model):
    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE)
    right = models.ForeignKey("auth.Permission", null=True, on_delete=models.CASCADE)
"""
# The page changes one line of each kind. The reader changes the others.
MORE_OF_A_KIND = ("models.ForeignKey(User,", "models.ManyToManyField(User,", "models.OneToOneField(User,")

VIEWS = """from django.http import HttpResponse
from shop.models import Note


def titles(request):
    return HttpResponse(", ".join(Note.objects.order_by("pk").values_list("title", flat=True)))
"""

URLS = """from django.urls import path

from shop import views

urlpatterns = [path("", views.titles)]
"""

TESTS = """from django.contrib.auth.models import User
from django.test import TestCase

from shop.models import Note


class NoteTest(TestCase):
    def test_titles(self):
        owner = User.objects.create_user("ada", "ada@example.com", "a long password")
        Note.objects.create(title="First", owner=owner)
        self.assertContains(self.client.get("/shop/"), "First")
"""

DATA = f"""
from django.contrib.auth.models import Group, Permission, User
from shop.models import Note, Profile
editors = Group.objects.create(name="ada")
editors.permissions.set(Permission.objects.filter(codename__in=["change_user", "change_note"]))
ada = User.objects.create_user("ada", "Ada@Example.com", {PASSWORD!r}, first_name="Ada")
grace = User.objects.create_superuser("grace", "grace@example.com", {PASSWORD!r})
ada.groups.add(editors)
ada.user_permissions.add(Permission.objects.get(codename="delete_user"))
note = Note.objects.create(pk=7, title="Engines", owner=ada)
note.watchers.set([ada, grace])
Profile.objects.create(user=ada)
Profile.objects.create(user=grace, right=Permission.objects.get(codename="add_user"))
"""

# Prints what became of the data in the new project.
TOLD = """{
    "users": [[user.email, user.first_name, user.is_superuser] for user in User.objects.order_by("email")],
    "notes": [
        [note.pk, note.title, note.owner.email, note.editor, sorted(user.email for user in note.watchers.all())]
        for note in Note.objects.all()
    ],
    "profiles": sorted([profile.user.email, profile.right and profile.right.content_type.app_label]
        for profile in Profile.objects.all()
    ),
    "rights": sorted(User.objects.get(email="ada@example.com").get_all_permissions()),
    "next": Note.objects.create(title="Looms", owner=User.objects.get(email="ada@example.com")).pk,
    "page": Client(SERVER_NAME="localhost").get("/shop/").content.decode(),
    "token": Client(SERVER_NAME="localhost").post(
        "/api/v1/auth/token/", {"email": "ada@example.com", "password": PASSWORD}, "application/json"
    ).status_code,
}"""


@pytest.fixture
def old(install_project: Render, tmp_path: Path) -> Project:
    """Give a plain project, `mysite` with an app `shop`, some data and a commit.

    Its environment is one with Django in it: that of the default project.
    """
    environment = install_project({}).path / ".venv" / "bin"
    old = Project(tmp_path / "old", {}, {"PATH": os.pathsep.join([str(environment), os.environ["PATH"]])})
    old.path.mkdir()
    old.run("python", "-m", "django", "startproject", "mysite", ".")
    old.run("python", "manage.py", "startapp", "shop")
    for name, text in {"models": MODELS, "views": VIEWS, "urls": URLS, "tests": TESTS}.items():
        old.write(f"shop/{name}.py", text)
    old.replace("mysite/settings.py", "INSTALLED_APPS = [", "INSTALLED_APPS = [\n    'shop',")
    old.replace("mysite/urls.py", "import path", "import include, path")
    old.replace("mysite/urls.py", "urlpatterns = [", "urlpatterns = [\n    path('shop/', include('shop.urls')),")
    old.write(".gitignore", "db.sqlite3\n__pycache__/\n")
    old.write("README.md", "What it is\n")
    old.run("python", "manage.py", "makemigrations")
    old.run("python", "manage.py", "migrate")
    old.run("python", "manage.py", "test")
    old.run("python", "manage.py", "shell", "--command", DATA)
    commit(old, "As it was")
    return old


def steps() -> Iterator[tuple[str, str]]:
    """Yield what the page does, in its order: "run" with a command, or the name of a file with what changes in it."""
    file = ""
    for match in re.finditer(
        r"^```(?P<kind>console|diff)\n(?P<block>.*?)^```$|^`(?P<file>[^`]+)`[:,]",
        PAGE.read_text(),
        re.MULTILINE | re.DOTALL,
    ):
        if match["file"]:
            file = match["file"]
        elif match["kind"] == "diff":
            yield file, match["block"]
        else:
            yield from (("run", line.removeprefix("$ ")) for line in match["block"].splitlines())


def change(project: Project, file: str, block: str) -> None:
    """Do to a file what a block says: lines that go, lines that come, lines that are there."""
    lines = block.splitlines(keepends=True)
    project.replace(
        file,
        "".join(line[1:] for line in lines if line[0] != "+"),
        "".join(line[1:] for line in lines if line[0] != "-"),
    )


def test_plain_project_becomes_a_rendered_project(
    old: Project, template: Path, postgres: Postgres, redis_url: str
) -> None:
    project = old
    services = {"DATABASE_URL": postgres.create_database("adopted"), "REDIS_URL": redis_url}
    for kind, what in steps():
        if kind != "run":
            change(project, kind, what)
        elif what.startswith("uvx copier copy"):
            command = what.removeprefix("uvx copier").replace("<this repository>", str(template))
            project.run("sh", "-c", f"{PROGRAMS / 'copier'}{command}")
            project = share_environment(Project(old.path, {}))
            project = replace(project, variables={**project.variables, **services})
            project.write(CONVERSION, (PAGE.parent / "downloads" / CONVERSION).read_text())
        elif what.startswith("git grep"):
            text = project.read("apps/shop/models.py")
            for kind_of_line in MORE_OF_A_KIND:
                text = text.replace(kind_of_line, kind_of_line.replace("User", "settings.AUTH_USER_MODEL"))
            project.write("apps/shop/models.py", text)
            project.run("sh", "-c", what)
        else:
            project.run("sh", "-c", what)

    told = project.evaluate(
        TOLD.replace("PASSWORD", repr(PASSWORD)),
        "from django.test import Client",
        "from apps.shop.models import Note, Profile",
        "from apps.users.models import User",
    )
    assert told == {
        "users": [["ada@example.com", "Ada", False], ["grace@example.com", "", True]],
        "notes": [[7, "Engines", "ada@example.com", None, ["ada@example.com", "grace@example.com"]]],
        "profiles": [["ada@example.com", None], ["grace@example.com", "users"]],
        "rights": ["shop.change_note", "users.change_user", "users.delete_user"],
        "next": 8,
        "page": "Engines, Looms",
        "token": 200,
    }
    assert project.read("README.md") == "What it is\n"

    commit(project, "Adopted")
    copier(project, "update", "--defaults", "--quiet")
    assert git(project.path, "status", "--short") == ""


def converted(new: Project, rows: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Give rows to the conversion, in a project that is rendered anew."""
    new.write(CONVERSION, (PAGE.parent / "downloads" / CONVERSION).read_text(encoding="utf-8"))
    new.write("old.json", json.dumps(rows))
    return new.run("sh", "-c", f".venv/bin/python {CONVERSION} < old.json", check=False)


USER = {"username": "ada", "email": "ada@example.com", "groups": [], "user_permissions": []}


def test_conversion_lists_unusable_addresses_and_writes_nothing(install_project: Render) -> None:
    addresses = {"ada": "Ada@Example.com", "alan": "", "lovelace": "ada@example.com ", "edsger": "edsger"}
    users = [{**USER, "username": name, "email": address} for name, address in addresses.items()]

    refusal = converted(
        install_project({}), [{"model": "auth.user", "pk": pk, "fields": user} for pk, user in enumerate(users)]
    )

    assert (refusal.returncode, refusal.stdout) == (1, "")
    first, *others = refusal.stderr.splitlines()
    assert first == "Give these users unique email addresses in the old project, and dump it again:"
    assert [line.partition(":")[0] for line in others] == list(addresses)


def test_conversion_names_models_that_are_not_installed(install_project: Render) -> None:
    refusal = converted(
        install_project({}),
        [{"model": "auth.user", "pk": 1, "fields": USER}, {"model": "sites.site", "pk": 1, "fields": {}}],
    )

    assert (refusal.returncode, refusal.stdout) == (1, "")
    assert refusal.stderr.startswith("Unknown models: sites.site. ")
