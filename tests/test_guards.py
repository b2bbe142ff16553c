"""Each gate of the generated `make check` refuses what it is there to refuse."""

import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import COVERING


@dataclass(frozen=True)
class Guard:
    """A rule of the generated project, broken.

    Attributes:
        gate: The target of the Makefile that must refuse it.
        edit: Breaks the rule in a project that passes.
        named: A regular expression that the output must match: the rule and the file.
        batch: Guards of one gate and one batch break one project together, since the gate reports all of them.
    """

    gate: str
    edit: Callable[[Project], object]
    named: str
    batch: str = ""


def adds(name: str, text: str) -> Callable[[Project], None]:
    """Return an edit that writes a new file."""
    return lambda project: project.write(name, text)


def appends(name: str, text: str) -> Callable[[Project], None]:
    """Return an edit that adds text at the end of a file."""
    return lambda project: project.append(name, text)


def replaces(name: str, old: str, new: str) -> Callable[[Project], None]:
    """Return an edit that replaces the only occurrence of a text in a file."""
    return lambda project: project.replace(name, old, new)


def both(first: Callable[[Project], None], second: Callable[[Project], None]) -> Callable[[Project], None]:
    """Return an edit that makes two."""

    def edit(project: Project) -> None:
        first(project)
        second(project)

    return edit


def lints(rule: str, code: str) -> Guard:
    """Return the guard of a rule of ruff: a new module, otherwise clean, breaks it."""
    file = f"apps/core/broken_{rule.lower()}.py"
    return Guard("lint", adds(file, f'"""Broken."""\n\n{code}'), rf"{rule} .*\n +--> {file}:", "rules")


def mistypes(code: str, text: str) -> Guard:
    """Return the guard of an error code of mypy: a new module has this error."""
    file = f"apps/core/broken_{code.replace('-', '_')}.py"
    return Guard("types", adds(file, f'"""Broken."""\n\n{text}'), rf"{file}:\d+: error: .*\[{code}\]", "errors")


DEPENDS_ON = "dependencies = [\n"
MODEL = "from django.db import models\n\n\nclass Thing(models.Model):\n    "

GUARDS: dict[str, Guard] = {
    "security": lints("S105", 'password = "secret"\n'),
    "a shell": lints("S602", 'import subprocess\n\nsubprocess.run("ls", shell=True, check=True)\n'),
    "raw SQL": lints(
        "S608",
        "from django.db import connection\n\n\ndef broken(name: str) -> None:\n"
        '    """Break."""\n    with connection.cursor() as cursor:\n'
        "        cursor.execute(f\"SELECT * FROM users WHERE name = '{name}'\")\n",
    ),
    "a nullable text field": lints("DJ001", f'{MODEL}"""Thing."""\n\n    name = models.CharField(null=True)\n'),
    "a model without __str__": lints("DJ008", f'{MODEL}"""Thing."""\n\n    name = models.CharField()\n'),
    "all fields": lints(
        "DJ007",
        "from django.forms import ModelForm\n\n\nclass BrokenForm(ModelForm):\n"
        '    """Break."""\n\n    class Meta:\n        fields = "__all__"\n',
    ),
    "a missing annotation": lints("ANN201", 'def broken():\n    """Break."""\n'),
    "a missing docstring": lints("D103", "def broken() -> None:\n    return\n"),
    "an unused import": lints("F401", "import os\n"),
    "a naive time": lints("DTZ005", "from datetime import datetime\n\nNOW = datetime.now()\n"),
    "a blind except": lints("BLE001", "try:\n    pass\nexcept Exception:\n    raise ValueError from None\n"),
    "a print": lints("T201", 'print("here")\n'),
    "an exemption that exempts nothing": lints("RUF100", "NAME = 1  # noqa: S105\n"),
    "unformatted code": Guard(
        "format-check", adds("apps/core/broken.py", '"""Broken."""\n\nNAMES = [ 1,2 ]\n'), "broken.py"
    ),
    "a wrong type": mistypes("return-value", '\ndef broken() -> int:\n    """Break."""\n    return "text"\n'),
    "a missing type in apps": mistypes("no-untyped-def", "\ndef broken(value):\n    return value\n"),
    "a missing type in config": Guard(
        "types",
        appends("config/env.py", "\n\ndef broken(value):\n    return value\n"),
        r"config/env\.py:\d+: error: .*\[no-untyped-def\]",
        "errors",
    ),
    "a generic without its type": mistypes("type-arg", '\ndef broken(value: list) -> None:\n    """Break."""\n'),
    "a field that a model does not have": mistypes(
        "misc", 'from apps.users.models import User\n\nNAMES = User.objects.values_list("nickname")\n'
    ),
    "an ignore that ignores nothing": mistypes("unused-ignore", "NAME = 1  # type: ignore[misc]\n"),
    "a model without its migration": Guard(
        "migrations-check",
        replaces(
            "apps/users/models.py",
            "    USERNAME_FIELD =",
            '    nickname = models.CharField(max_length=50, default="")\n\n    USERNAME_FIELD =',
        ),
        "nickname",
    ),
    "no redirect to TLS": Guard(
        "deploy-check",
        appends("config/settings/production.py", "\nSECURE_SSL_REDIRECT = False\n"),
        "security.W008",
        "production",
    ),
    "no HSTS, in production alone": Guard(
        "deploy-check",
        both(
            appends("config/settings/production.py", "\nSECURE_HSTS_SECONDS = 0\n"),
            appends("config/settings/staging.py", "\nSECURE_HSTS_SECONDS = 60\n"),
        ),
        "security.W004",
        "hsts",
    ),
    "a session cookie without TLS": Guard(
        "deploy-check",
        appends("config/settings/production.py", "\nSESSION_COOKIE_SECURE = False\n"),
        "security.W012",
        "production",
    ),
    "a setting that Django deprecates": Guard(
        "deploy-check",
        appends("config/settings/components/project.py", "\nFORMS_URLFIELD_ASSUME_HTTPS = True\n"),
        "FORMS_URLFIELD_ASSUME_HTTPS",
        "deprecations",
    ),
    "an unresolved conflict": Guard(
        "conflicts",
        appends("README.md", "\n<<<<<<< before updating\nMine\n=======\nTheirs\n>>>>>>> after\n"),
        "README.md",
    ),
    "a silent warning in development": Guard(
        "deploy-check",
        appends("config/settings/local.py", '\nSTATICFILES_DIRS = ["/nowhere"]\n'),
        "staticfiles.W004",
        "development",
    ),
    "an unused dependency": Guard(
        "dependencies",
        replaces("pyproject.toml", DEPENDS_ON, f'{DEPENDS_ON}    "six>=1.17,<2",\n'),
        "DEP002.*'six'",
        "use",
    ),
    "a dependency of a dependency": Guard(
        "dependencies", adds("apps/core/broken_1.py", '"""Broken."""\n\nimport sqlparse\n'), "DEP003.*'sqlparse'", "use"
    ),
    "a tool of development in the code": Guard(
        "dependencies", adds("apps/core/broken_2.py", '"""Broken."""\n\nimport pytest\n'), "DEP004.*'pytest'", "use"
    ),
    "an endpoint without a schema": Guard(
        "schema-check",
        adds(
            "config/api.py",
            '"""Broken."""\n\nfrom django.urls import path\nfrom rest_framework.response import Response\n'
            "from rest_framework.views import APIView\n\n\nclass BrokenView(APIView):\n"
            "    def get(self, request):\n        return Response({})\n\n\n"
            'urlpatterns = [path("broken/", BrokenView.as_view())]\n',
        ),
        "BrokenView",
    ),
}

MODELS = "The models of an app are its own: others call its services and selectors"
LAYERS = "The apps of the template import downwards"

# For each contract of import-linter, by its name, a module that breaks it and an import that does.
CONTRACTS: Mapping[str, tuple[str, str]] = {
    "Inside an app: urls, views, serializers, services and selectors, models": (
        "apps/users/services.py",
        "from apps.users.serializers import MeSerializer",
    ),
    MODELS: (
        "apps/orders/selectors.py",
        "from apps.catalog.models import Product",
    ),
    "Core imports no other app": (
        "apps/core/models.py",
        "from apps.users.services import user_update",
    ),
    "Two apps do not import each other": (
        "apps/mail/services.py",
        "from apps.users.services import user_update",
    ),
    LAYERS: (
        "apps/catalog/services.py",
        "from apps.orders.services import order_create",
    ),
    "Services and selectors do not import REST framework": (
        "apps/users/selectors.py",
        "from rest_framework.response import Response",
    ),
}


@pytest.fixture(scope="module")
def passing(rendered: Render, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project that passes, ready for development."""
    folder = tmp_path_factory.mktemp("passing") / "project"
    variables = {"DATABASE_URL": postgres.create_database("guards")}
    return share_environment(Project(shutil.copytree(rendered({}).path, folder), {}, variables))


@pytest.fixture
def project(passing: Project, tmp_path: Path) -> Project:
    """Give a copy of it, to be broken."""
    folder = shutil.copytree(passing.path, tmp_path / "project", symlinks=True)
    return Project(folder, passing.answers, passing.variables)


def refusal(project: Project, gate: str) -> str:
    """Run a gate that must refuse, and return all that it prints."""
    answer = project.make(gate, check=False)
    assert answer.returncode != 0, f"make {gate} passed:\n{answer.stdout}{answer.stderr}"
    return answer.stdout + answer.stderr


@pytest.mark.parametrize(("gate", "batch"), sorted({(guard.gate, guard.batch) for guard in GUARDS.values()}))
def test_gate_refuses_each_broken_rule_by_name(gate: str, batch: str, project: Project) -> None:
    guards = [guard for guard in GUARDS.values() if (guard.gate, guard.batch) == (gate, batch)]
    before = project.read("pyproject.toml")
    for guard in guards:
        guard.edit(project)
    if project.read("pyproject.toml") != before:
        # Other dependencies, another environment: the shared one stays as it was.
        (project.path / ".venv").unlink()
        project = share_environment(project)
    printed = refusal(project, gate)
    assert [guard.named for guard in guards if not re.search(guard.named, printed)] == [], printed


def test_unbroken_project_passes_every_gate(passing: Project) -> None:
    """Unbroken, the project passes each gate: the refusals above are of what was broken."""
    for gate in sorted({guard.gate for guard in GUARDS.values()} | {"imports"}):
        passing.make(gate)


def test_every_gate_has_a_guard(passing: Project) -> None:
    """A gate that joins `make check` needs a test here that sees it refuse."""
    gates = passing.make("--question", "--print-data-base", check=False).stdout
    (prerequisites,) = [line.partition(":")[2].split() for line in gates.splitlines() if line.startswith("check:")]
    assert set(prerequisites) == {guard.gate for guard in GUARDS.values()} | {"imports"}


def test_every_import_contract_has_a_guard(passing: Project) -> None:
    contracts = tomllib.loads(passing.read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts] == list(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_broken_import_contract_is_refused_by_name(contract: str, project: Project) -> None:
    module, statement = CONTRACTS[contract]
    project.write(module, f"{statement}\n{project.read(module)}")
    assert f"{contract} BROKEN" in refusal(project, "imports")


# From the highest to the lowest layer: none may import a higher one.
IN_AN_APP = ("urls", "views", "serializers", "services", "sessions", "selectors", "models")


def test_module_that_imports_a_higher_layer_is_refused(project: Project) -> None:
    for number, name in enumerate(IN_AN_APP):
        above = "".join(f"import apps.users.{other}\n" for other in IN_AN_APP[:number])
        project.write(f"apps/users/{name}.py", f"{above}{project.read(f'apps/users/{name}.py')}")

    printed = refusal(project, "imports")

    for number, name in enumerate(IN_AN_APP):
        for other in IN_AN_APP[:number]:
            # Of the two themselves, and not by way of a third.
            assert f"apps.users.{name} is not allowed to import apps.users.{other}:" in printed


# Modules that must not depend on HTTP.
WORKING = {"services", "sessions", "selectors", "import_export", "confirmation", "reports"}


def test_service_that_imports_http_is_refused(project: Project) -> None:
    modules = [path for path in project.files() if path.match("apps/*/*.py") and path.stem in WORKING]
    assert {path.stem for path in modules} == WORKING
    for path in modules:
        project.write(str(path), f"import rest_framework\n{project.read(str(path))}")

    printed = refusal(project, "imports")

    for path in modules:
        assert f"{'.'.join(path.with_suffix('').parts)} -> rest_framework" in printed


def test_import_of_models_of_another_app_is_refused(project: Project) -> None:
    for module, model in {
        "config/urls.py": "apps.users.models",
        "apps/catalog/selectors.py": "apps.orders.models",
        "apps/users/services.py": "apps.mail.models",
    }.items():
        project.write(module, f"import {model}\n{project.read(module)}")

    printed = refusal(project, "imports")

    assert f"{MODELS} BROKEN" in printed
    for link in (
        "config.urls -> apps.users",
        "apps.catalog.selectors -> apps.orders",
        "apps.users.services -> apps.mail",
    ):
        assert f"{link}.models" in printed


def test_outdated_lock_is_refused(project: Project) -> None:
    """A changed range without `make lock` is an error, and the lock is not changed."""
    project.replace("pyproject.toml", "whitenoise>=6.12.0,<7", "whitenoise>=6.12.0,<8")
    before = project.read("uv.lock")
    assert "lock" in refusal(project, "dependencies")
    assert project.read("uv.lock") == before


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give the variables that lead a project to real servers."""
    return {"DATABASE_URL": postgres.create_database("guards"), "REDIS_URL": redis_url}


def test_untested_code_is_refused(install_project: Render, services: dict[str, str]) -> None:
    """A module that no test imports counts against the coverage."""
    project = install_project(COVERING["smallest"])
    project.write("apps/users/untested.py", '"""Untested."""\n\n' + "VALUE = 1\n" * 400)
    answer = project.make("test", env=services, check=False)
    assert answer.returncode != 0
    assert "untested.py" in answer.stdout
    assert "fail-under" in (answer.stdout + answer.stderr)


BROKEN_TESTS = """import warnings


def test_warning() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=1)
"""


def test_test_that_warns_fails(project: Project, services: dict[str, str]) -> None:
    project.write("tests/test_broken.py", BROKEN_TESTS)
    answer = project.make("test", "PROCESSES=0", "ARGS=tests/test_broken.py", env=services, check=False)
    assert "1 failed" in answer.stdout
    assert "DeprecationWarning: old" in answer.stdout


# For each promise of the endpoint table, an edit that breaks it and what the failures must name.
ENDPOINT_GUARDS: Mapping[str, tuple[Callable[[Project], object], str]] = {
    "a route without a row": (
        replaces("apps/users/urls.py", "urlpatterns = [", 'urlpatterns = [\n    path("new/", views.MeView.as_view()),'),
        "GET /api/v1/new/",
    ),
    "an endpoint that is open to strangers": (
        replaces(
            "apps/users/views.py",
            '    """The user\'s own account."""',
            '    """The user\'s own account."""\n\n    permission_classes = (AllowAny,)',
        ),
        "anonymous-GET /api/v1/users/me/",
    ),
    "an endpoint that is closed to its users": (
        both(
            replaces("apps/users/views.py", '    throttle_scope = "password"', "    permission_classes = (IsManager,)"),
            replaces(
                "apps/users/views.py",
                "from apps.core.throttling",
                "from apps.core.permissions import IsManager\nfrom apps.core.throttling",
            ),
        ),
        "owner-POST /api/v1/auth/password/change/",
    ),
    "one query more": (
        replaces(
            "apps/users/views.py",
            "        return Response(serialize(serializers.MeSerializer, request.user))",
            "        User.objects.exists()\n        return Response(serialize(serializers.MeSerializer, request.user))",
        ),
        "assert 2 == 1",
    ),
    "the category of each product": (
        replaces("apps/catalog/selectors.py", '.select_related("category").defer', ".defer"),
        "N+1 detected on catalog.Product.category",
    ),
    "a column of each order that its list left out": (
        replaces("apps/orders/serializers.py", '"item_count", "created_at"]', '"item_count", "notes", "created_at"]'),
        "N+1 detected on orders.Order.notes",
    ),
    "the items of each order": (
        replaces("apps/orders/selectors.py", ".prefetch_related(items_prefetch())", ""),
        "test_orders_and_their_items_are_read_in_two_queries",
    ),
}


def test_endpoint_table_and_query_guard_notice_each_edit(project: Project, services: dict[str, str]) -> None:
    for edit, _ in ENDPOINT_GUARDS.values():
        edit(project)
    tests = "tests/test_endpoints.py apps/orders/tests/test_selectors.py"
    answer = project.make("test", "PROCESSES=0", f"ARGS={tests}", env=services, check=False)
    assert answer.returncode != 0
    unnoticed = [promise for promise, (_, named) in ENDPOINT_GUARDS.items() if named not in answer.stdout]
    assert unnoticed == [], answer.stdout
