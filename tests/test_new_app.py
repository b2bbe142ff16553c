"""What the README of a project says about starting an app holds, word by word."""

import textwrap

from tests.conftest import Render
from tests.harness.postgres import Postgres
from tests.harness.project import Project

MODELS = '''"""The data of billing, and its constraints."""

from django.conf import settings
from django.db import models

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel


class Invoice(UUIDModel, TimeStampedModel, SoftDeleteModel):
    """What somebody owes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invoices")
    number = models.PositiveIntegerField(unique=True)

    class Meta(SoftDeleteModel.Meta):
        pass

    def __str__(self) -> str:
        return f"Invoice {self.number}"
'''

SELECTORS = '''"""Reading billing."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from apps.billing.models import Invoice

if TYPE_CHECKING:
    from apps.users.models import User


def invoices_of(*, user: "User") -> QuerySet[Invoice]:
    """Return the invoices of a user, newest first."""
    return Invoice.objects.filter(user=user).order_by("-id")
'''

SERVICES = '''"""Changing billing. Each function is one transaction."""

from typing import TYPE_CHECKING

from django.db import transaction

from apps.billing.models import Invoice
from apps.core.exceptions import ConflictError

if TYPE_CHECKING:
    from apps.users.models import User


@transaction.atomic
def invoice_create(*, user: "User", number: int) -> Invoice:
    """Return a new invoice.

    Raises:
        ConflictError: The number is taken.
    """
    if Invoice.all_objects.filter(number=number).exists():
        raise ConflictError("That number is taken: choose another.")
    return Invoice.objects.create(user=user, number=number)
'''

SERIALIZERS = '''"""What billing takes and gives."""

from rest_framework import serializers

from apps.billing.models import Invoice


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """An invoice."""

    class Meta:
        model = Invoice
        fields = ["id", "number", "created_at"]
'''

VIEWS = '''"""HTTP for billing."""

from typing import TYPE_CHECKING, cast

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView

from apps.billing.models import Invoice
from apps.billing.selectors import invoices_of
from apps.billing.serializers import InvoiceSerializer

if TYPE_CHECKING:
    from apps.users.models import User


class InvoiceListView(ListAPIView[Invoice]):
    """The invoices of the caller."""

    queryset = Invoice.objects.none()
    serializer_class = InvoiceSerializer

    def get_queryset(self) -> QuerySet[Invoice]:
        return invoices_of(user=cast("User", self.request.user))
'''

TESTS = """import pytest
from rest_framework.test import APIClient

from apps.billing.services import invoice_create
from apps.core.exceptions import ConflictError
from apps.users.models import User


@pytest.mark.django_db
def test_invoices_are_listed(signed_in: APIClient, user: User) -> None:
    invoice_create(user=user, number=7)

    body = signed_in.get("/api/v1/billing/invoices/").json()

    assert [row["number"] for row in body["results"]] == [7]


@pytest.mark.django_db
def test_a_number_is_given_once(user: User) -> None:
    invoice = invoice_create(user=user, number=7)
    invoice.soft_delete()

    with pytest.raises(ConflictError):
        invoice_create(user=user, number=7)
"""


ENDPOINTS = '''"""The endpoints of billing: who may call them, and what a call costs."""

from http import HTTPStatus

from apps.billing.services import invoice_create
from apps.users.models import User
from tests.endpoint import Call, Endpoint, signed_in


def _invoices(owner: User, rows: int) -> Call:
    for number in range(rows):
        invoice_create(user=owner, number=number)
    return Call()


ENDPOINTS = [Endpoint("GET", "/api/v1/billing/invoices/", signed_in(HTTPStatus.OK), 2, _invoices)]
'''


def register(project: Project, printed: str) -> None:
    """Name the new app where `make app` says, and add the contract that it prints."""
    project.replace(
        "config/settings/components/project.py",
        "PROJECT_APPS: list[str] = []",
        'PROJECT_APPS: list[str] = ["apps.billing"]',
    )
    project.replace(
        "config/api.py", "import URLPattern, URLResolver\n", "import URLPattern, URLResolver, include, path\n"
    )
    project.replace(
        "config/api.py",
        "[URLPattern | URLResolver] = []",
        '[URLPattern | URLResolver] = [path("billing/", include("apps.billing.urls"))]',
    )
    for beside, new in {
        "containers = [\n": '    "apps.billing",\n',
        'share a line: "apps.billing : apps.users".\n': '    "apps.billing",\n',
        '    "apps.users.selectors",\n': '    "apps.billing.services",\n    "apps.billing.selectors",\n',
    }.items():
        project.replace("pyproject.toml", beside, beside + new)
    start = printed.index("[[tool.importlinter.contracts]]")
    contract = textwrap.dedent(" " * 7 + printed[start : printed.index("Once it has models")])
    project.replace("pyproject.toml", "[tool.pytest.ini_options]", f"{contract}\n[tool.pytest.ini_options]")


def without_a_row(project: Project, services: dict[str, str]) -> str:
    """Return what the tests say of an endpoint that stands in no table."""
    refused = project.make("test", "ARGS=-k test_every_route_has_a_row", env=services, check=False)
    assert refused.returncode != 0
    return refused.stdout


def test_an_app_that_is_started_passes_every_check_empty_and_filled(
    install_project: Render, postgres: Postgres, redis_url: str
) -> None:
    project = install_project({})
    services = {"DATABASE_URL": postgres.create_database("new_app"), "REDIS_URL": redis_url}

    printed = project.make("app", "NAME=billing").stdout
    for place in ("components/project.py", "config/api.py", "pyproject.toml"):
        assert place in printed
    register(project, printed)
    project.make("check")

    project.write("apps/billing/models.py", MODELS)
    project.write("apps/billing/selectors.py", SELECTORS)
    project.write("apps/billing/services.py", SERVICES)
    project.write("apps/billing/serializers.py", SERIALIZERS)
    project.write("apps/billing/views.py", VIEWS)
    project.replace(
        "apps/billing/urls.py",
        "import URLPattern\n",
        "import URLPattern, path\n\nfrom apps.billing.views import InvoiceListView\n",
    )
    project.replace("apps/billing/urls.py", "= []", '= [path("invoices/", InvoiceListView.as_view(), name="invoices")]')
    project.write("apps/billing/tests/test_billing.py", TESTS)
    project.make("migrations")
    assert "GET /api/v1/billing/invoices/" in without_a_row(project, services)
    project.write("apps/billing/tests/endpoints.py", ENDPOINTS)
    project.make("format")
    project.make("check")
    assert "2 passed" in project.make("test", "ARGS=apps/billing", env=services).stdout
    project.make("test", env=services)

    project.replace(
        "apps/users/services.py",
        "from apps.users.models",
        "from apps.billing.models import Invoice\nfrom apps.users.models",
    )
    assert "The models of billing are its own" in project.make("imports", check=False).stdout


def test_a_name_that_cannot_be_one_is_refused_and_leaves_nothing(install_project: Render) -> None:
    project = install_project({})
    for name in ("", "Billing", "class", "a-b", "users"):
        refused = project.make("app", f"NAME={name}", check=False)
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr
    assert sorted(
        path.name for path in (project.path / "apps").iterdir() if path.is_dir() and path.name != "__pycache__"
    ) == ["catalog", "core", "mail", "orders", "users"]
