"""`copier update` brings what is new in the template, and loses nothing of what the user did."""

from pathlib import Path

import pytest
import yaml

from tests.harness.environments import share_environment
from tests.harness.git import commit_everything, git
from tests.harness.paths import ROOT
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION, VARIANTS, Answers
from tests.harness.render import render
from tests.harness.snapshot import copy_working_tree
from tests.harness.updates import commit, copier, unmerged

# Released: the last commit. Next: the working tree. Later: changes that every update test can count on.
RELEASED, NEXT, LATER = "0.0.1", "0.0.2", "0.0.3"

# What the later version changes, in files that the user edits too, at another place.
LATER_LINE = "# Of a later version of the template."
CHANGED_LATER = ["Makefile.jinja", "config/settings/base.py.jinja", "apps/users/views.py"]
NEW_LATER = "docs/later.md"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a template repository with three versions, each a tag."""
    template = tmp_path_factory.mktemp("versions") / "template"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(template))
    for tag in git(template, "tag").split():
        git(template, "tag", "--delete", tag)
    git(template, "tag", RELEASED)

    git(template, "rm", "-r", "--quiet", ".")
    copy_working_tree(template)
    commit_everything(template, "The working tree", tag=NEXT)

    for name in CHANGED_LATER:
        file = template / "template" / name
        file.write_text(file.read_text(encoding="utf-8") + f"\n\n{LATER_LINE}\n", encoding="utf-8")
    (template / "template" / NEW_LATER).write_text("# Later\n", encoding="utf-8")
    commit_everything(template, "Later", tag=LATER)
    return template


def start(versions: Path, folder: Path, answers: Answers) -> Project:
    """Render the released version and commit it, as the message after a copy says."""
    folder.mkdir()
    project = Project(folder, answers)
    data = folder.parent / "answers.yml"
    data.write_text(yaml.safe_dump(dict(answers)), encoding="utf-8")
    copier(
        project, *("copy", "--quiet", "--defaults", "--data-file", str(data), "--vcs-ref", RELEASED, str(versions), ".")
    )
    commit(project, "Start")
    return project


def update(project: Project, version: str) -> None:
    """Update to a version of the template, see that nothing is left to merge, and commit."""
    copier(project, "update", "--quiet", "--defaults", "--vcs-ref", version)
    assert yaml.safe_load(project.read(".copier-answers.yml"))["_commit"] == version
    assert unmerged(project) == []
    commit(project, f"Update to {version}")


# A file of the user's own, or a line that they put into one of the template's, and where it stands.
USER_FILES = {
    "README.md": "# Mine\n",
    "config/settings/components/project.py": (
        '"""Mine."""\n\nPROJECT_APPS: list[str] = ["apps.billing"]\n\nINVOICE_PREFIX = "INV"\n'
    ),
    "config/api.py": (
        '"""Mine."""\n\nfrom django.urls import URLPattern, URLResolver\n\n'
        "# The routes of billing come here.\n"
        "urlpatterns: list[URLPattern | URLResolver] = []\n"
    ),
    "apps/billing/__init__.py": "",
    "apps/billing/migrations/__init__.py": "",
    "apps/billing/tests/__init__.py": "",
    "apps/billing/models.py": (
        '"""What is owed."""\n\nfrom django.conf import settings\nfrom django.db import models\n\n'
        "from apps.core.models import TimeStampedModel\n\n\n"
        'class Invoice(TimeStampedModel):\n    """What somebody owes."""\n\n'
        "    number = models.PositiveIntegerField()\n\n"
        "    def __str__(self) -> str:\n"
        '        return f"{settings.INVOICE_PREFIX}-{self.number}"\n'
    ),
    "apps/billing/tests/test_models.py": (
        "import pytest\n\nfrom apps.billing.models import Invoice\n\n\n"
        "@pytest.mark.django_db\ndef test_an_invoice_shows_its_number() -> None:\n"
        '    assert str(Invoice.objects.create(number=7)) == "INV-7"\n'
    ),
    # Not in git: a merge could not bring it back.
    ".env": "ADMIN_URL=mine/\n",
}
USERNAME_FIELD = '    USERNAME_FIELD = "email"\n'
NICKNAME_FIELD = '    nickname = models.CharField(max_length=50, default="", blank=True)\n'
USER_LINES = {
    "apps/users/views.py": (
        'class MeView(APIView):\n    """The caller\'s own account."""\n',
        'class MeView(APIView):\n    """The account of whoever asks."""\n',
    ),
    "apps/users/models.py": (
        USERNAME_FIELD,
        f"{NICKNAME_FIELD}\n{USERNAME_FIELD}",
    ),
    "requirements/base.txt": ("django-filter", "tomli-w>=1.0,<2\ndjango-filter"),
    "Makefile": ("PORT ?= 8000\n", "PORT ?= 8001\n"),
    # Where the README of a project sends its user.
    "pyproject.toml": (
        'containers = [\n    "apps.mail",\n',
        'containers = [\n    "apps.billing",\n    "apps.mail",\n',
    ),
}
DELETED = "docs/operations.md"


def use(project: Project) -> None:
    """Do with a project what a user does in the months between two updates, and commit it."""
    for name, text in USER_FILES.items():
        project.write(name, text)
    for name, (theirs, mine) in USER_LINES.items():
        project.replace(name, theirs, mine)
    (project.path / DELETED).unlink()
    project.python("manage.py", "makemigrations", "--verbosity", "0", "--name", "mine")
    project.make("format")
    commit(project, "Months of work")


def test_an_update_brings_what_is_new_and_keeps_what_the_user_did(
    versions: Path, tmp_path: Path, postgres: Postgres, redis_url: str
) -> None:
    project = share_environment(start(versions, tmp_path / "project", {}))
    use(project)
    migrations = sorted(project.path.glob("apps/*/migrations/*_mine.py"))
    assert len(migrations) == 2

    for version in (NEXT, LATER):
        update(project, version)
        for name, text in USER_FILES.items():
            assert project.read(name) == text
        for name, (_, mine) in USER_LINES.items():
            assert mine in project.read(name)
        assert all(migration.exists() for migration in migrations)
        assert not (project.path / DELETED).exists()

    for name in CHANGED_LATER:
        assert LATER_LINE in project.read(name.removesuffix(".jinja"))
    assert (project.path / NEW_LATER).exists()

    before = git(project.path, "rev-parse", "HEAD^{tree}")
    update(project, LATER)
    assert git(project.path, "rev-parse", "HEAD^{tree}") == before

    project.make("check")
    project.make("test", env={"DATABASE_URL": postgres.create_database("updated"), "REDIS_URL": redis_url})


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_untouched_project_becomes_what_a_new_render_is(variant: str, versions: Path, tmp_path: Path) -> None:
    project = start(versions, tmp_path / "project", VARIANTS[variant])
    owned = {path for pattern in CONFIGURATION["_skip_if_exists"] for path in project.path.glob(pattern)}
    update(project, LATER)
    fresh = render(versions, tmp_path / "fresh", VARIANTS[variant])
    assert project.files() == fresh.files()
    differing = [
        str(path)
        for path in fresh.files()
        if project.path / path not in owned and project.read(str(path)) != fresh.read(str(path))
    ]
    assert differing == []


def test_a_change_on_both_sides_is_left_to_the_user_with_both_texts(versions: Path, tmp_path: Path) -> None:
    """Were conflicts not marked, the tests above would not see them."""
    project = start(versions, tmp_path / "project", {})
    project.append("Makefile", "\n# Mine, in the very place where a later version has its own.\n")
    commit(project, "Mine")
    with pytest.raises(AssertionError, match="Makefile"):
        update(project, LATER)
    text = project.read("Makefile")
    assert "# Mine, in the very place" in text
    assert LATER_LINE in text
