"""Traces and metrics that running servers and workers export, and the alerts and dashboards on top of them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from tests.conftest import Render
from tests.harness.commands import execute
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.paths import TEMPLATE
from tests.harness.programs import require_program
from tests.harness.questions import DJANGO_VERSIONS, Answers
from tests.harness.serving import THROUGH_PROXY, run_worker, serve
from tests.harness.shop import Shop
from tests.harness.waiting import wait_until
from tests.overlay.telemetry.tests.otlp import Measured, Received, Span, receive

pytestmark = [pytest.mark.served, pytest.mark.xdist_group("telemetry")]

MONITORING = TEMPLATE / "deploy" / "monitoring"
FEATURES = ["celery", "example", "telemetry"]
# One of each server.
PRODUCTIONS: dict[str, Answers] = {
    "wsgi": {"features": FEATURES},
    "asgi": {"features": FEATURES, "server": "asgi", "django_version": DJANGO_VERSIONS[-1]},
}

SECRET = "must-not-be-exported"  # noqa: S105 - searched for in the exports

# It is retried once after three seconds, and then raises an exception with its argument.
TASK = """

@shared_task(bind=True, max_retries=1)
def fail(self, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        raise self.retry(exc=error, countdown=3)
"""
SEND = f"import django; django.setup(); from apps.users.tasks import fail; fail.delay({SECRET!r})"


@pytest.fixture
def receiver() -> Iterator[Received]:
    """Run an OTLP receiver."""
    with receive() as received:
        yield received


@pytest.fixture
def exporting(variables: dict[str, str], receiver: Received) -> dict[str, str]:
    """Return the environment of a production that exports to the receiver."""
    return {**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}


def order(shop: Shop) -> int:
    """Order one unit, and return the status code."""
    answer = httpx.post(
        f"{shop.address}/api/v1/orders/?code={SECRET}",
        json={"items": [{"product_id": shop.product_id, "quantity": 1}], "notes": SECRET},
        headers={**THROUGH_PROXY, **shop.headers, "User-Agent": SECRET, "X-Forwarded-For": SECRET},
        timeout=60,
    )
    return answer.status_code


def task_names(spans: list[Span]) -> list[str]:
    """Return the names of the task spans."""
    return [span.name for span in spans if span.name.startswith("run/")]


def systems(spans: list[Span]) -> set[object]:
    """Return the database systems that spans belong to."""
    return {span.attributes["db.system.name"] for span in spans if "db.system.name" in span.attributes}


@pytest.mark.parametrize("production", PRODUCTIONS)
def test_order_request_and_its_task_with_their_queries_are_one_trace(
    production: str,
    render_project: Render,
    exporting: dict[str, str],
    receiver: Received,
    database: psycopg.Connection,
) -> None:
    answers = PRODUCTIONS[production]
    exporting["OTEL_BSP_SCHEDULE_DELAY"] = "50"
    project = share_environment(render_project(answers), PRODUCTION)
    project.append("apps/users/tasks.py", TASK)
    application = f"config.{answers.get('server', 'wsgi')}:application"
    with (
        run_worker(project, exporting) as worker,
        serve(project, exporting, application=application) as address,
    ):
        shop = Shop.open(project, exporting, database, address, units=1)
        assert order(shop) == httpx.codes.CREATED
        project.python("-c", SEND, env=exporting)
        tasks = [
            "mail.tasks.mail_deliver_task",
            "orders.tasks.order_confirm_task",
            "users.tasks.fail",
            "users.tasks.fail",
        ]
        wait_until(
            lambda: sorted(task_names(receiver.spans())) == [f"run/apps.{task}" for task in tasks],
            "end of the tasks",
            hopeless=worker.ended,
        )
    # Both have stopped, and exported the rest.

    spans = {span.id: span for span in receiver.spans()}
    [request] = [span for span in spans.values() if span.name == "POST api/v1/orders/"]
    trace = [span for span in spans.values() if span.trace == request.trace]
    assert [span for span in trace if span.parent not in spans] == [request]
    [task] = [span for span in trace if span.name == "run/apps.orders.tasks.order_confirm_task"]
    assert task.parent == request.id
    assert systems([span for span in trace if span.parent == request.id]) == {"postgresql", "redis"}
    assert "postgresql" in systems([span for span in trace if span.parent == task.id])
    assert task.resource["service.instance.id"] != request.resource["service.instance.id"]
    assert {span.resource["service.name"] for span in trace} == {"my_project"}
    # Probes, the connection pool and the waiting worker are not traced.
    roots = {span.name for span in spans.values() if not span.parent}
    assert roots == {"POST api/v1/auth/token/", request.name, "run/apps.users.tasks.fail"}
    assert [path for path, body in receiver.bodies if SECRET.encode() in body or b"ada@example.com" in body] == []

    assert_metrics(receiver.metrics())
    exported = exposition(receiver.metrics())
    unknown = {
        f"{source}: {name}{{{label}}}"
        for source, expression in expressions()
        for name, labels in selectors(expression).items()
        for label in labels or {"job"}
        if label not in exported.get(name, set())
    }
    # There was no database error.
    assert {place for place in unknown if not place.endswith("{error_type}")} == set()


def assert_metrics(metrics: list[Measured]) -> None:
    """Check the values of the metrics that alerts use."""
    last = {(m.metric.name, str(m.attributes), m.resource["service.instance.id"]): m for m in metrics}
    by_name: dict[str, list[Measured]] = {}
    for measured in last.values():
        by_name.setdefault(measured.metric.name, []).append(measured)
    [queries] = [m for m in by_name["http.server.request.queries"] if m.attributes["http.route"] == "api/v1/orders/"]
    assert 0 < queries.point.sum < 10
    failing = [m for m in by_name["celery.task.latency"] if m.attributes["task"] == "apps.users.tasks.fail"]
    # The three seconds before the retry are not latency.
    assert sum(m.point.count for m in failing) == 2
    assert max(m.point.max for m in failing) < 3
    states = {
        m.attributes["state"]: m.point.count
        for m in by_name["celery.task.duration"]
        if m.attributes["task"] == "apps.users.tasks.fail"
    }
    assert states == {"RETRY": 1, "FAILURE": 1}
    memory = {m.resource["service.instance.id"]: m.point.as_int for m in by_name["process.memory.usage"]}
    # At least one web worker, and the two processes of the task worker.
    assert len(memory) >= 3
    assert all(2**24 < resident < 2**28 for resident in memory.values())


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_replaced_and_stopped_web_workers_export_all_their_requests(
    server: str, render_project: Render, exporting: dict[str, str], receiver: Received
) -> None:
    project = share_environment(render_project({"features": ["telemetry"], "server": server}), PRODUCTION)
    count = 8
    options = ("--max-requests", "3", "--max-requests-jitter", "0")
    with serve(project, exporting, *options, application=f"config.{server}:application", workers=1) as address:
        for _ in range(count):
            assert httpx.get(f"{address}/api/schema/", headers=THROUGH_PROXY).status_code == httpx.codes.OK

    assert [span.name for span in receiver.spans()].count("GET api/schema/") == count
    last = {
        m.resource["service.instance.id"]: m.point.count
        for m in receiver.metrics()
        if m.metric.name == "http.server.request.duration"
    }
    assert len(last) > 1
    assert sum(last.values()) == count


# Alerts and dashboards ---------------------------------------------------------------

UNITS = {"s": "seconds", "seconds": "seconds", "By": "bytes"}


def exposition(metrics: list[Measured]) -> dict[str, set[str]]:
    """Return the Prometheus names of metrics, each with its labels.

    https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
    """
    names: dict[str, set[str]] = {}
    for measured in metrics:
        metric = measured.metric
        parts = [part for part in re.split(r"[^a-zA-Z0-9]+", metric.name) if part]
        unit = UNITS.get(metric.unit, "")
        if unit and unit not in parts:
            parts.append(unit)
        if metric.WhichOneof("data") == "sum" and metric.sum.is_monotonic:
            parts.append("total")
        suffixes = ["_bucket", "_count", "_sum"] if metric.WhichOneof("data") == "histogram" else [""]
        labels = {re.sub(r"\W", "_", name) for name in measured.attributes} | {"job", "instance"}
        for suffix in suffixes:
            own = {"le"} if suffix == "_bucket" else set()
            names.setdefault("_".join(parts) + suffix, set()).update(labels | own)
    return names


def rules() -> dict[str, list[dict[str, str]]]:
    """Return the alert rules, by file."""
    return {
        path.name: [rule for group in yaml.safe_load(path.read_text("utf-8"))["groups"] for rule in group["rules"]]
        for path in sorted(MONITORING.glob("*.yml"))
    }


def expressions() -> list[tuple[str, str]]:
    """Return the expressions of alerts and dashboards, each with the title of its place."""
    found = [(rule["alert"], rule["expr"]) for listed in rules().values() for rule in listed]
    for path in sorted(MONITORING.glob("*.json")):
        dashboard = json.loads(path.read_text("utf-8"))
        for panel in dashboard["panels"]:
            found += [(panel["title"], target["expr"]) for target in panel["targets"]]
        found += [(f"${v['name']}", v["query"]) for v in dashboard["templating"]["list"] if v["type"] == "query"]
    return found


def selectors(expression: str) -> dict[str, set[str]]:
    """Return the metrics that an expression uses, each with the labels that it is filtered or grouped by."""
    grouped = {name.strip() for names in re.findall(r"\bby \(([^)]*)\)", expression) for name in names.split(",")}
    found: dict[str, set[str]] = {}
    for name, matchers in re.findall(r"\b([a-z]+(?:_[a-z]+)+)(?:\{([^}]*)\})?(?=[\[){ ,]|$)", expression):
        if name not in grouped and name.startswith(("http_", "process_", "db_", "celery_")):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|=)", matchers)) | grouped
            found.setdefault(name, set()).update(labels)
    return found


def test_dashboard_expressions_are_valid_for_prometheus(tmp_path: Path) -> None:
    promtool = require_program("promtool")
    queries = [text for source, text in expressions() if not source.startswith("$")]
    recorded = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, text in enumerate(queries)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
    execute(promtool, "check", "rules", path, directory=tmp_path)


def test_dashboard_panels_do_not_overlap_and_use_the_selected_data_source() -> None:
    for path in MONITORING.glob("*.json"):
        dashboard = json.loads(path.read_text("utf-8"))
        assert "datasource" in {variable["type"] for variable in dashboard["templating"]["list"]}
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
        assert len(set(places)) == len(places)
        sources = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel["targets"]}
        assert sources == {"${datasource}"}


def histogram(name: str, labels: str, buckets: Mapping[str, int]) -> list[dict[str, str]]:
    """Return the series of a histogram that grows by these counts per minute for an hour."""
    return [
        {"series": f'{name}_bucket{{job="api", instance="a-1", {labels}le="{bound}"}}', "values": f"0+{count}x60"}
        for bound, count in buckets.items()
    ]


def durations(fast: int, middling: int, slow: int) -> list[dict[str, str]]:
    """Return request durations: counts within 100 ms, within 500 ms, and longer."""
    buckets = {"0.1": fast, "0.5": fast + middling, "1": fast + middling + slow, "+Inf": fast + middling + slow}
    return histogram("http_server_request_duration_seconds", "", buckets)


def queries(few: int, many: int) -> list[dict[str, str]]:
    """Return queries per request: counts of requests with at most 9, and with more."""
    buckets = {"8": few // 2, "9": few, "12": few + many, "+Inf": few + many}
    return histogram("http_server_request_queries", 'http_route="api/v1/orders/", ', buckets)


def statuses(fine: int, failed: int) -> list[dict[str, str]]:
    """Return request counts by status code."""
    name = "http_server_request_duration_seconds_count"
    return [
        {"series": f'{name}{{job="api", http_response_status_code="{code}"}}', "values": f"0+{count}x60"}
        for code, count in {"200": fine, "404": fine, "503": failed}.items()
    ]


def waits(short: int, long: int) -> list[dict[str, str]]:
    """Return task latencies: counts within 5 seconds, and longer."""
    buckets = {"5": short, "10": short + long, "+Inf": short + long}
    return histogram("celery_task_latency_seconds", 'task="mail", ', buckets)


def single(name: str, values: str, job: str = "api", state: str = "FAILURE") -> list[dict[str, str]]:
    """Return one series of one service."""
    labels = f'job="{job}", instance="a-1", task="mail", state="{state}"'
    return [{"series": f"{name}{{{labels}}}", "values": values}]


def of_two(name: str, values: str, others: str) -> list[dict[str, str]]:
    """Return one series of each of two services."""
    return [*single(name, values), *single(name, others, job="shop")]


MEGABYTE = 1024 * 1024
STARTED = "celery_task_latency_seconds_count"
FAILED = "celery_task_duration_seconds_count"

# For each alert: series just within its target, then series that miss it.
CASES: dict[str, tuple[list[dict[str, str]], ...]] = {
    "RequestsSlow": (durations(51, 49, 0), durations(49, 51, 0)),
    "RequestsVerySlow": (durations(900, 91, 9), durations(900, 89, 11)),
    "RequestsMakeManyQueries": (queries(995, 5), queries(985, 15)),
    "WorkerMemoryHigh": (
        single("process_memory_usage_bytes", f"{255 * MEGABYTE}x60"),
        single("process_memory_usage_bytes", f"{257 * MEGABYTE}x60"),
    ),
    "RequestsFail": (statuses(1000, 19), statuses(1000, 21)),
    "TasksWait": (waits(96, 4), waits(94, 6)),
    # Met by a running worker and by a new one. Missed by a worker that starts no task, by one that is gone (with or
    # without another service), and without any series.
    "NoTaskStarted": (
        of_two(STARTED, "0+1x60", "_x50 1x10"),
        single(STARTED, "7x60"),
        single(STARTED, "0+1x30"),
        of_two(STARTED, "7x60", "0+1x60"),
        of_two(STARTED, "0+1x30", "0+1x60"),
        [],
    ),
    # Met by an old failure (even after an outage of Prometheus) and by a new success. Missed by another failure, and by
    # a series that begins with a failure.
    "TasksFail": (
        [*of_two(FAILED, "3x60", "3x30 _x20 3x10"), *single(FAILED, "_x50 1x10", state="SUCCESS")],
        single(FAILED, "3x50 4x10"),
        single(FAILED, "_x50 1x10"),
        of_two(FAILED, "_x50 1x10", "3x60"),
    ),
}
ALERTS = {rule["alert"]: file for file, listed in rules().items() for rule in listed}


def test_every_alert_has_test_cases() -> None:
    assert set(CASES) == set(ALERTS)


def evaluate(files: Iterable[str], series: list[dict[str, str]], count: str, expected: int, directory: Path) -> None:
    """Evaluate rules with promtool every minute of an hour, and check the number of alerts at the end."""
    samples = [{"labels": "{}", "value": expected}]
    test = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [{"expr": f"{count} or vector(0)", "eval_time": "60m", "exp_samples": samples}],
    }
    path = directory / "test.yml"
    rule_files = [str(MONITORING / file) for file in files]
    path.write_text(
        yaml.safe_dump({"rule_files": rule_files, "evaluation_interval": "1m", "tests": [test]}), encoding="utf-8"
    )
    execute(require_program("promtool"), "test", "rules", path, directory=directory)


@pytest.mark.parametrize(
    ("alert", "number"), [(alert, number) for alert, cases in CASES.items() for number in range(len(cases))]
)
def test_alert_fires_only_when_its_target_is_missed(alert: str, number: int, tmp_path: Path) -> None:
    firing = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    evaluate([ALERTS[alert]], CASES[alert][number], firing, int(number > 0), tmp_path)


def test_no_alert_fires_for_an_idle_service(tmp_path: Path) -> None:
    quiet = [*durations(0, 0, 0), *queries(0, 0), *statuses(0, 0), *waits(0, 0), *single(STARTED, "0+1x60")]
    evaluate(rules(), quiet, "count(ALERTS)", 0, tmp_path)
