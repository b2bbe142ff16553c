"""Edits that a user makes between two updates, and what an update does with them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.harness.project import Project
from tests.harness.questions import QUESTIONS, Answers


class Outcome(Enum):
    """What an update does with an edit, in the words of the documentation."""

    YOURS = "not changed"
    MERGED = "merged: your lines stay, and new lines of the template are added"
    DELETED = "stays deleted"


@dataclass(frozen=True)
class Edit:
    """An edit of a file.

    Attributes:
        what: Its description for users.
        path: The file.
        new: The new text; None if the file is deleted.
        old: The text that it replaces; None if `new` is the whole file.
        outcome: What an update does with it.
        applies: Whether a project of these answers has the file.
    """

    what: str
    path: str
    new: str | None
    outcome: Outcome
    old: str | None = None
    applies: Callable[[Answers], bool] = lambda _answers: True

    def make(self, project: Project) -> None:
        """Make the edit."""
        if self.new is None:
            (project.path / self.path).unlink()
        elif self.old is None:
            project.write(self.path, self.new)
        else:
            project.replace(self.path, self.old, self.new)


def _ci(choice: str) -> Callable[[Answers], bool]:
    return lambda answers: bool(answers.get("ci", QUESTIONS["ci"]["default"]) == choice)


MODEL = '''"""What is owed."""

from django.conf import settings
from django.db import models

from apps.core.models import TimeStampedModel


class Invoice(TimeStampedModel):
    """An invoice."""

    number = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{settings.INVOICE_PREFIX}-{self.number}"
'''
MODEL_TEST = """import pytest

from apps.billing.models import Invoice


@pytest.mark.django_db
def test_an_invoice_shows_its_number() -> None:
    assert str(Invoice.objects.create(number=7)) == "INV-7"
"""
SETTINGS = '"""Mine."""\n\nPROJECT_APPS: list[str] = ["apps.billing"]\n\nINVOICE_PREFIX = "INV"\n'
ROUTES = '''"""Mine."""

from django.urls import URLPattern, URLResolver

# The routes of billing come here.
urlpatterns: list[URLPattern | URLResolver] = []
'''
USERNAME = '    USERNAME_FIELD = "email"\n'
NICKNAME = '    nickname = models.CharField(max_length=50, default="", blank=True)\n'
ME = 'class MeView(APIView):\n    """{}"""\n'
LAYERS = '    "apps.mail",\n    "apps.core",\n'
APP = "your own app, with a model and a migration"

EDITS = [
    Edit("the README", "README.md", "# Mine\n", Outcome.YOURS),
    Edit("your settings and apps", "config/settings/components/project.py", SETTINGS, Outcome.YOURS),
    Edit("your routes", "config/api.py", ROUTES, Outcome.YOURS),
    Edit(
        "a pinned dependency",
        "requirements/base.txt",
        "tomli-w>=1.0,<2\ndjango-filter",
        Outcome.YOURS,
        "django-filter",
    ),
    Edit(APP, "apps/billing/__init__.py", "", Outcome.YOURS),
    Edit(APP, "apps/billing/migrations/__init__.py", "", Outcome.YOURS),
    Edit(APP, "apps/billing/tests/__init__.py", "", Outcome.YOURS),
    Edit(APP, "apps/billing/models.py", MODEL, Outcome.YOURS),
    Edit(APP, "apps/billing/tests/test_models.py", MODEL_TEST, Outcome.YOURS),
    Edit("a file that git ignores", ".env", "ADMIN_URL=mine/\nDJANGO_SECRET_KEY=kept\n", Outcome.YOURS),
    Edit(
        "a view",
        "apps/users/views.py",
        ME.format("The account of the current user."),
        Outcome.MERGED,
        ME.format("The user's own account."),
    ),
    Edit("a model field", "apps/users/models.py", f"{NICKNAME}\n{USERNAME}", Outcome.MERGED, USERNAME),
    Edit(
        "a setting",
        "config/settings/components/auth.py",
        "PASSWORD_RESET_TIMEOUT = 30 * 60",
        Outcome.MERGED,
        "PASSWORD_RESET_TIMEOUT = 60 * 60",
    ),
    Edit("a command", "Makefile", "PORT ?= 8001\n", Outcome.MERGED, "PORT ?= 8000\n"),
    Edit(
        "an import contract",
        "pyproject.toml",
        LAYERS.replace('    "apps.core"', '    "apps.billing",\n    "apps.core"'),
        Outcome.MERGED,
        LAYERS,
    ),
    Edit(
        "a CI step",
        ".github/workflows/ci.yml",
        "      - run: make check\n      - run: make docs-of-mine\n",
        Outcome.MERGED,
        "      - run: make check\n",
        _ci("github"),
    ),
    Edit(
        "a CI step",
        ".gitlab-ci.yml",
        "    - make check\n    - make docs-of-mine\n",
        Outcome.MERGED,
        "    - make check\n",
        _ci("gitlab"),
    ),
    Edit("a file of the template", ".editorconfig", None, Outcome.DELETED),
]


def edits_of(answers: Answers) -> list[Edit]:
    """Return the edits that apply to a project with these answers."""
    return [edit for edit in EDITS if edit.applies(answers)]


def table() -> str:
    """Return what an update does with each kind of edit, as a table in Markdown."""
    rows = {edit.what: [] for edit in EDITS}  # type: dict[str, list[Edit]]
    for edit in EDITS:
        rows[edit.what].append(edit)
    lines = [
        f"| {what} | {' '.join(f'`{path}`' for path in _shown(edits))} | {edits[0].outcome.value} |"
        for what, edits in rows.items()
    ]
    return "\n".join(["| what you change | where, for example | what an update does |", "|---|---|---|", *lines, ""])


def _shown(edits: list[Edit]) -> list[str]:
    """Return the paths of edits; for an app, only its folder."""
    return ["apps/billing/"] if edits[0].what == APP else [edit.path for edit in edits]
