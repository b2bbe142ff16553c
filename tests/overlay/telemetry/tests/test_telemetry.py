"""Exported traces and metrics of a process on production settings, at a local OTLP receiver."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from config.env import BASE_DIR
from tests.environment import environment
from tests.otlp import Measured, Received, receive
from tests.test_settings import COMPLETE

# Creates the database that the processes use. They do not change it.
pytestmark = pytest.mark.django_db

SECRET = "what-the-client-sent"

SERVE = """
import os, sys, threading
import django
django.setup()
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from apps.users.models import User
from config import urls

def query(request):
    return HttpResponse(User.objects.filter(email=request.POST["email"]).count())

def fail(request):
    return HttpResponse(User.objects.raw(
        "SELECT E'\\\\'" + secret + "', $$" + secret + "$$, 1.5, '" + secret + "'::integer AS id"
    )[0])

urls.urlpatterns[:0] = [path("query/", query), path("fail/", fail)]
secret = os.environ["SECRET"]
headers = {"host": "example.com", "authorization": "Bearer " + secret, "cookie": "name=" + secret, "referer": secret}
headers |= {"user-agent": secret, "x-forwarded-for": secret, "baggage": "name=" + secret}
client = Client(raise_request_exception=False, headers=headers)
answers = [
    # As gunicorn sets it.
    client.post("/query/?code=" + secret, {"email": secret}, secure=True, RAW_URI="/query/?code=" + secret),
    client.get("/fail/?code=" + secret, secure=True),
    client.get("/livez"),
    client.get("/readyz"),
    client.get("/", headers={"host": "elsewhere"}),
    *[client.generic("MADE-UP-" + str(number), "/nowhere/", secure=True) for number in range(3)],
]
loaded = {name for name in sys.modules if name.startswith(("opentelemetry.exporter", "opentelemetry.instrumentation"))}
threads = {thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")}
print("RESULT", [answer.status_code for answer in answers], bool(loaded), len(threads))
"""
STATUSES = "RESULT [200, 500, 200, 200, 400, 404, 404, 404]"


@dataclass
class Exported:
    """A process that has ended, and what it exported."""

    process: subprocess.CompletedProcess[str]
    received: Received

    def points(self, name: str) -> list[Measured]:
        """Return the last value of each series of a metric."""
        last = {str(m.attributes): m for m in self.received.metrics() if m.metric.name == name}
        return list(last.values())


@pytest.fixture(scope="module")
def variables(django_db_setup: None) -> dict[str, str]:
    """Return the environment of a production process that uses the test database and has no Redis."""
    database = environment()["DATABASE_URL"]
    own = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": database, "SECRET": SECRET}
    return {**os.environ, **COMPLETE, **own, "DJANGO_SETTINGS_MODULE": "config.settings.production"}


def run(variables: dict[str, str], endpoint: str) -> subprocess.CompletedProcess[str]:
    """Serve the requests in a process, to its end."""
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", SERVE],
        cwd=BASE_DIR,
        env={**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def exported(variables: dict[str, str]) -> Iterator[Exported]:
    """Return a process that served the requests, with variables that must not have an effect."""
    ignored = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_PROPAGATORS": "baggage"}
    with receive() as received:
        yield Exported(run({**variables, **ignored}, received.endpoint), received)


def test_request_and_its_queries_are_one_trace(exported: Exported) -> None:
    [request] = [span for span in exported.received.spans() if span.name == "POST query/"]
    queries = [span for span in exported.received.spans() if span.parent == request.id]

    assert not request.parent
    assert request.attributes["http.response.status_code"] == 200
    assert {(query.trace, query.attributes["db.system.name"]) for query in queries} == {(request.trace, "postgresql")}
    assert str(queries[-1].attributes["db.query.text"]).endswith('"email" = %s)')


def test_resource_names_the_service_the_environment_and_the_process(exported: Exported) -> None:
    [resource] = [dict(pairs) for pairs in {tuple(span.resource.items()) for span in exported.received.spans()}]

    assert resource["service.name"]
    assert resource["deployment.environment.name"] == "production"
    assert resource["service.instance.id"]


def test_probes_and_disallowed_hosts_are_not_traced(exported: Exported) -> None:
    assert STATUSES in exported.process.stdout
    roots = {span.name for span in exported.received.spans() if not span.parent}
    assert roots == {"POST query/", "GET fail/", "HTTP"}


def test_exports_contain_no_client_data_no_sql_values_and_no_exception_messages(exported: Exported) -> None:
    [failed] = [span for span in exported.received.spans() if span.name == "GET fail/"]
    [event] = failed.message.events

    assert event.name == "exception"
    assert {pair.key for pair in event.attributes} == {"exception.escaped", "exception.type"}
    assert not failed.message.status.message
    queries = {span.attributes.get("db.query.text") for span in exported.received.spans()}
    assert "SELECT ?, ?, ?, ?::integer AS id" in queries
    assert [path for path, body in exported.received.bodies if SECRET.encode() in body] == []
    assert {path for path, _ in exported.received.bodies} == {"/v1/traces", "/v1/metrics"}


def test_requests_queries_and_memory_are_measured(exported: Exported) -> None:
    durations = exported.points("http.server.request.duration")
    queries = exported.points("http.server.request.queries")
    [memory] = exported.points("process.memory.usage")

    assert {0.1, 0.5} <= set(durations[0].point.explicit_bounds)
    assert 9 in queries[0].point.explicit_bounds
    by_route = {point.attributes.get("http.route"): point.point.sum for point in queries}
    assert by_route == {"query/": 1, "fail/": 1, None: 0}
    assert memory.point.as_int > 1024 * 1024


def test_made_up_methods_share_one_series(exported: Exported) -> None:
    for name in ("http.server.request.queries", "http.server.request.duration"):
        points = exported.points(name)
        counts = {point.attributes["http.request.method"]: point.point.count for point in points}
        assert counts == {"POST": 1, "GET": 1, "_OTHER": 3}


def test_access_log_has_trace_and_span_ids(exported: Exported) -> None:
    lines = [json.loads(line) for line in exported.process.stdout.splitlines() if line.startswith("{")]
    logged = {(line.get("trace_id"), line.get("span_id")) for line in lines if line["event"] == "request_finished"}
    assert {(span.trace, span.id) for span in exported.received.spans() if not span.parent} <= logged


@pytest.mark.parametrize("settings", ["production", "local"])
def test_nothing_is_instrumented_without_endpoint_or_in_development(settings: str, variables: dict[str, str]) -> None:
    with receive() as received:
        endpoint = {"production": "", "local": received.endpoint}[settings]
        result = run({**variables, "DJANGO_SETTINGS_MODULE": f"config.settings.{settings}"}, endpoint)

    assert f"{STATUSES} False 0" in result.stdout
    assert received.bodies == []


def test_hanging_receiver_delays_neither_responses_nor_the_end_of_the_process(variables: dict[str, str]) -> None:
    # A full queue as well: spans are dropped.
    queue = {"OTEL_BSP_MAX_QUEUE_SIZE": "2", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
    with receive() as received:
        received.delivered.clear()
        result = run({**variables, **queue}, received.endpoint)

    assert STATUSES in result.stdout
    assert "Failed to export" in result.stdout
