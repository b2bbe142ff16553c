"""The running API keeps the promises of its OpenAPI document, whatever it is sent."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.harness.commands import execute
from tests.harness.paths import PROGRAMS, ROOT
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.serving import serve

pytestmark = pytest.mark.served

CONFIGURATION = ROOT / "tests" / "contract" / "schemathesis.toml"

# How many requests there have to be.
EXAMPLES = 1_000

# What is looked at: all that schemathesis knows.
CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}

# What would answer in place of the API is out of the way, and hashing is quick. Limits have their own tests.
OVERRIDES = """
from config.settings.components.api import REST_FRAMEWORK

REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "1000000/min")
AXES_ENABLED = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""

# Data for `tests/contract/hooks.py`: more than a run needs.
SUPPLIES = """
import json
import re

import django

django.setup()

from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test.utils import setup_test_environment

from apps.catalog.demo import products_seed
from apps.catalog.selectors import category_list
from apps.users.models import User
from apps.users.roles import Role
from apps.users.services import password_reset_request, registration_create, role_assign

# Mail is kept in `mail.outbox`.
setup_test_environment(debug=True)
password = "the same for everybody here"


def addresses(kind):
    return [f"{kind}-{number}@example.com" for number in range(300)]


def mailed():
    tokens = [re.search(r"token=(\\S+)", message.body)[1] for message in mail.outbox]
    mail.outbox.clear()
    return tokens


hashed = make_password(password)
User.objects.bulk_create([User(email=email, password=hashed) for email in addresses("forgetful")])
# Who may do everything.
User.objects.bulk_create([User(email=email, password=hashed, is_staff=True) for email in addresses("somebody")])
for user in User.objects.filter(is_staff=True):
    role_assign(user=user, role=Role.MANAGER)
for email in addresses("newcomer"):
    registration_create(email=email, password=password)
confirmations = mailed()
for email in addresses("forgetful"):
    password_reset_request(email=email)
resets = mailed()
supplies = {
    "password": password, "addresses": addresses("somebody"), "confirmations": confirmations, "resets": resets,
    "products": [str(offer.product_id) for offer in products_seed(count=1000)],
    "category": category_list()[0]["slug"],
}
print(json.dumps(supplies))
"""

# Each breaks its promise in a way of its own.
BROKEN = '''
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView


class BrokenSerializer(serializers.Serializer):
    name = serializers.CharField()


class BrokenView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=BrokenSerializer, responses=BrokenSerializer)
    def post(self, request):
        return self.answer(request.data)


class CrashView(BrokenView):
    def answer(self, data):
        return Response({"name": data["name"] + "!"})


class StatusView(BrokenView):
    def answer(self, data):
        return Response({"name": ""}, status=299)


class TypeView(BrokenView):
    def answer(self, data):
        return HttpResponse("Hello")


class ShapeView(BrokenView):
    def answer(self, data):
        return Response({})


class OpenView(APIView):
    """Says that it wants a token, and wants none."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses=BrokenSerializer, auth=[{"jwtAuth": []}])
    def get(self, request):
        return Response({"name": ""})


urlpatterns = [
    path("broken/crash/", CrashView.as_view()),
    path("broken/status/", StatusView.as_view()),
    path("broken/type/", TypeView.as_view()),
    path("broken/shape/", ShapeView.as_view()),
    path("broken/open/", OpenView.as_view()),
]
'''


@pytest.fixture
def variables(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Return the variables of a development project on real servers that sends no email and logs errors only."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": postgres.create_database("contract"),
        "REDIS_URL": redis_url,
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "ERROR",
    }


def check(project: Project, variables: Mapping[str, str], folder: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Have schemathesis call every operation of a project, and return its report and what it printed."""
    project.append("config/settings/components/project.py", OVERRIDES)
    # A worker that is replaced would close connections under a request now and then.
    with serve(project, variables, "--max-requests", "0", workers=1) as address:
        supplies = folder / "supplies.json"
        supplies.write_text(project.python("-c", SUPPLIES, env=variables).stdout, encoding="utf-8")
        answer = execute(
            *(PROGRAMS / "schemathesis", "--no-color", "--config-file", CONFIGURATION),
            *("run", f"{address}/api/schema/", "--checks", "all", *options),
            *("--report", "json,ndjson", "--report-json-path", "report.json", "--report-ndjson-path", "events.ndjson"),
            # What it keeps between two runs goes with the test; its hooks are found from anywhere.
            directory=folder,
            environment=project.environment(
                {"PYTHONPATH": str(ROOT), "CONTRACT_API": f"{address}/api/v1", "CONTRACT_SUPPLIES": str(supplies)}
            ),
            check=False,
        )
    output = answer.stdout + answer.stderr
    assert (folder / "report.json").exists(), output
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report, output


def checks_run(folder: Path) -> set[str]:
    """Return which checks a run applied to answers."""
    events = map(json.loads, (folder / "events.ndjson").read_text(encoding="utf-8").splitlines())
    scenarios = [event["ScenarioFinished"]["recorder"] for event in events if "ScenarioFinished" in event]
    return {
        check["name"] for scenario in scenarios for checks in scenario.get("checks", {}).values() for check in checks
    }


def test_api_responses_match_the_openapi_document(
    install_project: Render, variables: dict[str, str], tmp_path: Path
) -> None:
    report, output = check(install_project({}), variables, tmp_path)
    assert report["exit_code"] == 0, output
    assert report["stop_reason"] == "completed"
    assert report["test_cases"]["generated"] >= EXAMPLES
    assert report["operations"]["tested"] == report["operations"]["total"]
    assert checks_run(tmp_path) >= CHECKS
    # Refusing everything would also match: each operation must have succeeded for some request.
    rates = report["valid_rates"]
    assert len(rates) == report["operations"]["total"]
    idle = [name for name, phases in rates.items() if not any(phase["accepted"] for phase in phases.values())]
    assert idle == []


def test_responses_that_violate_the_document_are_found(
    install_project: Render, variables: dict[str, str], tmp_path: Path
) -> None:
    project = install_project({})
    project.write("config/api.py", BROKEN)
    report, output = check(project, variables, tmp_path, "--include-path-regex", "/broken/", "--max-examples", "20")
    assert report["exit_code"] == 1, output
    found = {(failure["type"], operation) for failure in report["failures"] for operation in failure["operations"]}
    assert {
        ("ServerError", "POST /api/v1/broken/crash/"),
        ("UndefinedStatusCode", "POST /api/v1/broken/status/"),
        ("UndefinedContentType", "POST /api/v1/broken/type/"),
        ("JsonSchemaError", "POST /api/v1/broken/shape/"),
        ("IgnoredAuth", "GET /api/v1/broken/open/"),
    } <= found, output
