"""What is exported by OTLP, and what never is. Each case runs in a process of its own, on production settings."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.db import connection

from config.env import BASE_DIR
from config.telemetry.workers import pre_fork
from tests.otlp import Collector, attributes, collect
from tests.test_settings import COMPLETE

# Makes the database that the processes work on. They change nothing in it.
pytestmark = pytest.mark.django_db

SECRET = "what-the-caller-sent"
DEADLINE_SECONDS = 60

# As in a worker of gunicorn: the application first, and then what its hook starts.
START = """
import os, sys, threading
from types import SimpleNamespace
import django
django.setup()
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from apps.users.models import User
from config import urls
from config.telemetry.workers import post_worker_init

def look(request):
    return HttpResponse(User.objects.filter(email=request.POST["email"]).count())

def fail(request):
    return HttpResponse(User.objects.raw("SELECT '" + secret + "'::integer AS id")[0])

urls.urlpatterns[:0] = [path("look/", look), path("fail/", fail)]
post_worker_init(SimpleNamespace(ppid=1, number=2))
secret = os.environ["SECRET"]
headers = {"host": "example.com", "authorization": "Bearer " + secret, "cookie": "name=" + secret, "referer": secret}
headers |= {"user-agent": secret, "x-forwarded-for": secret, "baggage": "name=" + secret}
client = Client(raise_request_exception=False, headers=headers)
answers = [client.post("/look/?code=" + secret, {"email": secret}, secure=True)]
print(answers[0].status_code, flush=True)
"""

MAKE_UP = (
    START
    + """
for number in range(20):
    client.generic("MADE-UP-" + str(number), "/nowhere/", secure=True)
"""
)

SERVE = (
    START
    + """
answers.append(client.get("/fail/?code=" + secret, secure=True))
answers += [client.get("/livez"), client.get("/readyz"), client.get("/", headers={"host": "elsewhere"})]
print(*[answer.status_code for answer in answers])
"""
)

LOOK = (
    START
    + """
print([thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")])
print([name for name in sys.modules if name.startswith(("opentelemetry.exporter", "opentelemetry.instrumentation"))])
"""
)


@pytest.fixture(scope="module")
def variables(django_db_setup: None) -> dict[str, str]:
    """Return the variables of a production that works on the database of the tests, and has no Redis."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": database, "SECRET": SECRET}
    return {**os.environ, **COMPLETE, **away, "DJANGO_SETTINGS_MODULE": "config.settings.production"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a receiver that has nothing yet."""
    with collect() as collector:
        yield collector


def run(code: str, variables: dict[str, str], endpoint: str) -> subprocess.CompletedProcess[str]:
    """Run code to its end, with a place to export to."""
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env={**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def served(variables: dict[str, str]) -> Iterator[tuple[Collector, subprocess.CompletedProcess[str]]]:
    """Return what a process has exported by its end, and what it printed."""
    with collect() as collector:
        yield collector, run(SERVE, variables, collector.endpoint)


@pytest.fixture(scope="module")
def exported(served: tuple[Collector, subprocess.CompletedProcess[str]]) -> Collector:
    return served[0]


@pytest.fixture(scope="module")
def process(served: tuple[Collector, subprocess.CompletedProcess[str]]) -> subprocess.CompletedProcess[str]:
    return served[1]


def test_a_request_is_one_trace_with_its_queries(exported: Collector) -> None:
    [request] = [span for span in exported.spans() if span.name == "POST look/"]
    assert not request.parent_span_id
    assert attributes(request)["http.response.status_code"].int_value == 200
    parts = [span for span in exported.spans() if span.parent_span_id == request.span_id]
    assert {part.trace_id for part in parts} == {request.trace_id}
    assert {attributes(part)["db.system.name"].string_value for part in parts} == {"postgresql"}
    # Before it may stand what opens a connection.
    assert attributes(parts[-1])["db.query.text"].string_value.endswith('"email" = %s)')


def test_a_process_says_who_it_is(exported: Collector) -> None:
    process = attributes(exported.resources()[0])

    # Not that of a process that runs tasks, though it has the same number.
    assert process["service.instance.id"].string_value.endswith("-web-1-2")
    assert process["deployment.environment.name"].string_value == "production"


@pytest.mark.parametrize(("named", "name"), [({}, "shop"), ({"OTEL_SERVICE_NAME": "till"}, "till")])
def test_a_process_is_called_what_the_variables_say_but_for_its_place(
    collector: Collector, variables: dict[str, str], named: dict[str, str], name: str
) -> None:
    given = "service.name=shop,deployment.environment.name=canary,team=blue,service.instance.id=one"

    run(START, {**variables, **named, "OTEL_RESOURCE_ATTRIBUTES": given}, collector.endpoint)

    process = {key: value.string_value for key, value in attributes(collector.resources()[0]).items()}
    assert process["service.name"] == name
    assert (process["deployment.environment.name"], process["team"]) == ("canary", "blue")
    assert process["service.instance.id"].endswith("-web-1-2")


def test_variables_of_what_is_fixed_have_no_effect(collector: Collector, variables: dict[str, str]) -> None:
    exporters = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "otlp"}
    fixed = {**exporters, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_PROPAGATORS": "baggage"}

    result = run(START, {**variables, **fixed}, collector.endpoint)

    assert result.stdout == "200\n"
    assert {path for path, _ in collector.bodies} == {"/v1/traces", "/v1/metrics"}


def test_probes_and_strangers_are_not_traced(exported: Collector, process: subprocess.CompletedProcess[str]) -> None:
    assert process.stdout.splitlines()[-1] == "200 500 200 200 400"
    first = {span.name for span in exported.spans() if not span.parent_span_id}
    assert first == {"POST look/", "GET fail/"}


def test_nothing_that_a_caller_sends_is_in_it(exported: Collector) -> None:
    [failed] = [span for span in exported.spans() if span.name == "GET fail/"]
    # It is told that there was an error and which kind, not what it said; and the query, without its values.
    assert [event.name for event in failed.events] == ["exception"]
    queries = [attributes(span).get("db.query.text") for span in exported.spans()]
    assert "SELECT ?::integer AS id" in {query.string_value for query in queries if query}
    assert [path for path, body in exported.bodies if SECRET.encode() in body] == []


def test_durations_queries_and_memory_are_measured(exported: Collector) -> None:
    metrics = exported.metrics()
    durations = metrics["http.server.request.duration"].histogram.data_points
    assert {pair.key for pair in durations[0].attributes} >= {"http.route", "http.response.status_code"}
    assert {0.1, 0.5} <= set(durations[0].explicit_bounds)
    queries = metrics["http.server.request.queries"].histogram.data_points
    assert [point.sum for point in queries] == [1, 1]
    assert 9 in queries[0].explicit_bounds


def test_methods_that_callers_make_up_are_one_series(collector: Collector, variables: dict[str, str]) -> None:
    run(MAKE_UP, variables, collector.endpoint)

    metrics = collector.metrics()
    for name in ("http.server.request.queries", "http.server.request.duration"):
        points = metrics[name].histogram.data_points
        assert [attributes(point)["http.request.method"].string_value for point in points] == ["POST", "_OTHER"]
        assert points[1].count == 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in a file")
def test_memory_is_measured(exported: Collector) -> None:
    [memory] = exported.metrics()["process.memory.usage"].sum.data_points

    assert memory.as_int > 1024 * 1024


def test_a_log_line_names_its_trace(exported: Collector, process: subprocess.CompletedProcess[str]) -> None:
    lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
    logged = {(line["trace_id"], line["span_id"]) for line in lines if line["event"].startswith("request_")}
    traced = {(span.trace_id.hex(), span.span_id.hex()) for span in exported.spans() if not span.parent_span_id}
    assert traced <= logged


@pytest.mark.parametrize("settings", ["production", "local"])
def test_without_an_endpoint_and_in_development_nothing_is_started(
    settings: str, collector: Collector, variables: dict[str, str]
) -> None:
    endpoint = {"production": "", "local": collector.endpoint}[settings]

    result = run(LOOK, {**variables, "DJANGO_SETTINGS_MODULE": f"config.settings.{settings}"}, endpoint)

    assert result.stdout == "200\n[]\n[]\n"
    assert collector.bodies == []


def test_a_receiver_that_is_away_breaks_nothing(variables: dict[str, str]) -> None:
    result = run(SERVE, variables, "http://127.0.0.1:1")

    assert result.stdout.splitlines()[-1] == "200 500 200 200 400"
    assert "Failed to export" in result.stdout


def test_nobody_waits_for_a_receiver_that_hangs(collector: Collector, variables: dict[str, str]) -> None:
    collector.answering.clear()

    # Ends by itself, though nobody takes what is left; and was answered before.
    result = run(SERVE, {**variables, "OTEL_BSP_SCHEDULE_DELAY": "1"}, collector.endpoint)

    assert result.stdout.splitlines()[-1] == "200 500 200 200 400"
    assert collector.bodies


def test_a_worker_gets_the_lowest_number_that_is_free() -> None:
    server = SimpleNamespace(WORKERS={11: SimpleNamespace(number=1), 13: SimpleNamespace(number=3)})
    worker = SimpleNamespace()

    pre_fork(server, worker)

    assert worker.number == 2
