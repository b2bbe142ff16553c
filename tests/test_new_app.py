"""`make app` creates an app that needs no manual edit and passes every check."""

import sys

import pytest

from tests.conftest import Render
from tests.harness.postgres import Postgres

pytestmark = pytest.mark.served

MODELS = '''"""The data of billing, and its constraints."""

from django.conf import settings
from django.db import models

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel


class Invoice(UUIDModel, TimeStampedModel, SoftDeleteModel):
    """An invoice."""

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


def test_new_app_needs_no_manual_edit_and_passes_every_check_empty_and_filled(
    install_project: Render, postgres: Postgres, redis_url: str
) -> None:
    project = install_project({})
    services = {"DATABASE_URL": postgres.create_database("new_app"), "REDIS_URL": redis_url}
    before = project.read("pyproject.toml")

    project.make("app", "NAME=billing")

    assert project.read("pyproject.toml") == before
    assert 'PROJECT_APPS: list[str] = ["apps.billing"]' in project.read("config/settings/components/project.py")
    assert 'path("billing/", include("apps.billing.urls"))' in project.read("config/api.py")
    project.make("check")
    project.test(services, "tests/test_endpoints.py")

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
    some = "ARGS=-k test_every_operation_has_a_row"
    refused = project.make("test", "PROCESSES=0", some, env=services, check=False)
    assert refused.returncode != 0
    assert "GET /api/v1/billing/invoices/" in refused.stdout
    project.write("apps/billing/tests/endpoints.py", ENDPOINTS)
    project.make("format")
    project.make("check")
    assert "2 passed" in project.test(services, "apps/billing")
    project.test(services)

    project.append("apps/users/services.py", "\nimport apps.billing.models\n")
    assert "The models of an app are its own" in project.make("imports", check=False).stdout
    project.append("apps/billing/services.py", "\nimport rest_framework\n")
    assert "apps.billing.services -> rest_framework" in project.make("imports", check=False).stdout


def test_name_that_is_invalid_or_taken_is_refused_and_leaves_nothing(install_project: Render) -> None:
    project = install_project({})
    for name in ("", "Billing", "class", "a-b", "users", "auth"):
        refused = project.make("app", f"NAME={name}", check=False)
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr
    assert sorted(
        path.name for path in (project.path / "apps").iterdir() if path.is_dir() and path.name != "__pycache__"
    ) == ["catalog", "core", "mail", "orders", "users"]


SETTINGS = "config/settings/components/project.py"
ROUTES = "config/api.py"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (SETTINGS, 'PROJECT_APPS = ["apps.shop"]  # ours\n', 'PROJECT_APPS = ["apps.shop", "apps.billing"]  # ours\n'),
        (SETTINGS, "PROJECT_APPS = [\n    # ours\n]\n", 'PROJECT_APPS = [\n    # ours\n"apps.billing"]\n'),
        (
            SETTINGS,
            '"""Größe."""\n\nPROJECT_APPS = [\n    "apps.größe",  # ä\n]\n',
            '"""Größe."""\n\nPROJECT_APPS = [\n    "apps.größe", "apps.billing",  # ä\n]\n',
        ),
        (
            ROUTES,
            'from django.urls import include, path\n\nurlpatterns = [path("a/", include("apps.a.urls"))]\n',
            """from django.urls import include, path

urlpatterns = [path("a/", include("apps.a.urls")), path("billing/", include("apps.billing.urls"))]
""",
        ),
    ],
)
def test_new_app_is_added_to_lists_of_any_form(render_project: Render, path: str, text: str, expected: str) -> None:
    project = render_project({})
    project.write(path, text)

    project.run(sys.executable, "scripts/new_app.py", "billing")

    assert project.read(path) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (SETTINGS, 'PROJECT_APPS = list(("apps.shop",))\n'),
        (SETTINGS, 'PROJECT_APPS = [("apps.shop")]\n'),
        (SETTINGS, 'PROJECT_APPS = ["apps.shop"] + MORE\n'),
        (SETTINGS, "PROJECT_APPS = [\n"),
        (SETTINGS, "DEBUG = False\n"),
        (ROUTES, "urlpatterns = []\n"),
    ],
)
def test_file_that_cannot_be_edited_is_left_as_it_is_and_the_line_is_printed(
    render_project: Render, path: str, text: str
) -> None:
    project = render_project({})
    project.write(path, text)

    refused = project.run(sys.executable, "scripts/new_app.py", "billing", check=False)

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert f"{path}, " in refused.stderr
    assert "apps.billing" in refused.stderr
    assert project.read(path) == text
