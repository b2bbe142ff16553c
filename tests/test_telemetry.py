"""Telemetry: what a production exports to a real receiver, and what watches it there."""

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
from tests.harness.otlp import Measured, Received, Span, receive
from tests.harness.paths import TEMPLATE
from tests.harness.programs import require_program
from tests.harness.questions import DJANGO_VERSIONS, Answers
from tests.harness.serving import THROUGH_PROXY, run_worker, serve
from tests.harness.shop import Shop
from tests.harness.waiting import wait_until

pytestmark = [pytest.mark.served, pytest.mark.xdist_group("telemetry")]

MONITORING = TEMPLATE / "deploy" / "monitoring"
FEATURES = ["celery", "example", "telemetry"]
# A worker of each kind.
PRODUCTIONS: dict[str, Answers] = {
    "wsgi": {"features": FEATURES},
    "asgi": {"features": FEATURES, "server": "asgi", "django_version": DJANGO_VERSIONS[-1]},
}

SECRET = "what-nobody-else-should-read"  # noqa: S105 - looked for in what is exported

# One that is tried again three seconds later, and then raises what it was given.
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
    """Give a receiver that has nothing yet."""
    with receive() as received:
        yield received


@pytest.fixture
def exporting(variables: dict[str, str], receiver: Received) -> dict[str, str]:
    """Give the variables of a production that exports spans at once, and metrics when its processes end."""
    return {**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}


def order(shop: Shop) -> int:
    """Order one of what there is, and say how that was answered."""
    answer = httpx.post(
        f"{shop.address}/api/v1/orders/?code={SECRET}",
        json={"items": [{"product_id": shop.product_id, "quantity": 1}], "notes": SECRET},
        headers={**THROUGH_PROXY, **shop.headers, "User-Agent": SECRET, "X-Forwarded-For": SECRET},
        timeout=60,
    )
    return answer.status_code


def runs(spans: list[Span]) -> list[str]:
    """Return which tasks have run, by the names of their spans."""
    return [span.name for span in spans if span.name.startswith("run/")]


def systems(spans: list[Span]) -> set[object]:
    """Return which databases spans are of."""
    return {span.attributes["db.system.name"] for span in spans if "db.system.name" in span.attributes}


@pytest.mark.parametrize("production", PRODUCTIONS)
def test_an_order_is_one_trace_up_to_the_queries_of_its_task(
    production: str,
    render_project: Render,
    exporting: dict[str, str],
    receiver: Received,
    database: psycopg.Connection,
) -> None:
    answers = PRODUCTIONS[production]
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
        tasks = ["mail.tasks.mail_deliver", "orders.tasks.order_confirm", "users.tasks.fail", "users.tasks.fail"]
        wait_until(
            lambda: sorted(runs(receiver.spans())) == [f"run/apps.{task}" for task in tasks],
            "end of the tasks",
            hopeless=worker.ended,
        )
    # Both have ended: what they had not exported came then.

    spans = {span.id: span for span in receiver.spans()}
    [request] = [span for span in spans.values() if span.name == "POST api/v1/orders/"]
    trace = [span for span in spans.values() if span.trace == request.trace]
    assert [span for span in trace if span.parent not in spans] == [request]
    [task] = [span for span in trace if span.name == "run/apps.orders.tasks.order_confirm"]
    assert task.parent == request.id
    assert systems([span for span in trace if span.parent == request.id]) == {"postgresql", "redis"}
    assert "postgresql" in systems([span for span in trace if span.parent == task.id])
    # Each process by its name; those that replace it go on under the same.
    assert task.resource["service.instance.id"] != request.resource["service.instance.id"]
    assert {span.resource["service.name"] for span in trace} == {"my_project"}
    # Nobody asked for the others: probes, pools, the worker that listens.
    roots = {span.name for span in spans.values() if not span.parent}
    assert roots == {"POST api/v1/auth/token/", request.name, "run/apps.users.tasks.fail"}
    assert [path for path, body in receiver.bodies if SECRET.encode() in body or b"ada@example.com" in body] == []

    assert_that_metrics_are_right(receiver.metrics())
    exported = exposition(receiver.metrics())
    unknown = {
        f"{source}: {name}{{{label}}}"
        for source, expression in expressions()
        for name, labels in selectors(expression).items()
        for label in labels or {"job"}
        if label not in exported.get(name, set())
    }
    # Nothing went wrong with the database, so nothing is told of it.
    assert {place for place in unknown if not place.endswith("{error_type}")} == set()


def assert_that_metrics_are_right(metrics: list[Measured]) -> None:
    """Look at the values that alerts are about."""
    last = {(m.metric.name, str(m.attributes), m.resource["service.instance.id"]): m for m in metrics}
    by_name: dict[str, list[Measured]] = {}
    for measured in last.values():
        by_name.setdefault(measured.metric.name, []).append(measured)
    [queries] = [m for m in by_name["http.server.request.queries"] if m.attributes["http.route"] == "api/v1/orders/"]
    assert 0 < queries.point.sum < 10
    failed = [m for m in by_name["celery.task.latency"] if m.attributes["task"] == "apps.users.tasks.fail"]
    # To wait for three seconds before another try is no latency.
    assert sum(m.point.count for m in failed) == 2
    assert max(m.point.max for m in failed) < 3
    failures = {m.attributes["task"]: m.point.as_int for m in by_name["celery.task.failures"] if m.point.as_int}
    assert failures == {"apps.users.tasks.fail": 1}
    # Two workers, and two processes for tasks.
    memory = {m.resource["service.instance.id"]: m.point.as_int for m in by_name["process.memory.usage"]}
    assert len(memory) == 4
    assert all(2**24 < held < 2**28 for held in memory.values())


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_worker_that_is_replaced_loses_nothing_and_keeps_its_name(
    server: str, render_project: Render, exporting: dict[str, str], receiver: Received
) -> None:
    project = share_environment(render_project({"features": ["telemetry"], "server": server}), PRODUCTION)
    del exporting["OTEL_BSP_SCHEDULE_DELAY"]
    calls = 12
    options = ("--max-requests", "3", "--max-requests-jitter", "0")
    with serve(project, exporting, *options, application=f"config.{server}:application", workers=1) as address:
        for _ in range(calls):
            assert answers(f"{address}/api/schema/")

    traced = [span for span in receiver.spans() if span.name == "GET api/schema/"]
    assert len(traced) == calls
    assert len({span.resource["service.instance.id"] for span in traced}) == 1
    processes = {
        measured.point.start_time_unix_nano
        for measured in receiver.metrics()
        if measured.metric.name == "http.server.request.duration"
    }
    assert len(processes) > 1


def answers(url: str) -> bool:
    """Tell whether the API answers as it should.

    Raises:
        httpx.TransportError: It does not answer.
    """
    return httpx.get(url, headers=THROUGH_PROXY).status_code == httpx.codes.OK


def test_a_receiver_that_hangs_holds_nobody_up(
    render_project: Render, exporting: dict[str, str], receiver: Received
) -> None:
    project = share_environment(render_project({"features": ["telemetry"]}), PRODUCTION)
    receiver.delivered.clear()
    # The smallest queue, so that it is full.
    exporting |= {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
    with serve(project, exporting) as address:
        assert all(answers(f"{address}/api/schema/") for _ in range(50))
        assert not receiver.bodies
    # And it has ended by itself, within what gunicorn gives its workers.
    assert "SIGKILL" not in (project.path / "gunicorn.log").read_text(encoding="utf-8")


# What watches it --------------------------------------------------------------------

UNITS = {"s": "seconds", "seconds": "seconds", "By": "bytes"}


def exposition(metrics: list[Measured]) -> dict[str, set[str]]:
    """Return the names that Prometheus gives to what it receives, each with its labels.

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
    """Return where each expression of alerts and dashboards stands, and the expression."""
    found = [(rule["alert"], rule["expr"]) for listed in rules().values() for rule in listed]
    for path in sorted(MONITORING.glob("*.json")):
        dashboard = json.loads(path.read_text("utf-8"))
        for panel in dashboard["panels"]:
            found += [(panel["title"], target["expr"]) for target in panel["targets"]]
        found += [(f"${v['name']}", v["query"]) for v in dashboard["templating"]["list"] if v["type"] == "query"]
    return found


def selectors(expression: str) -> dict[str, set[str]]:
    """Return the metrics that an expression names, each with the labels that it is asked for or grouped by."""
    grouped = {name.strip() for names in re.findall(r"\bby \(([^)]*)\)", expression) for name in names.split(",")}
    found: dict[str, set[str]] = {}
    for name, matchers in re.findall(r"\b([a-z]+(?:_[a-z]+)+)(?:\{([^}]*)\})?(?=[\[){ ,]|$)", expression):
        if name not in grouped and name.startswith(("http_", "process_", "db_", "celery_")):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|=)", matchers)) | grouped
            found.setdefault(name, set()).update(labels)
    return found


def test_dashboards_ask_what_prometheus_understands(tmp_path: Path) -> None:
    promtool = require_program("promtool")
    asked = [text for source, text in expressions() if not source.startswith("$")]
    recorded = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, text in enumerate(asked)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
    execute(promtool, "check", "rules", path, directory=tmp_path)


def test_every_panel_of_a_dashboard_has_a_place_and_a_source_that_can_be_chosen() -> None:
    for path in MONITORING.glob("*.json"):
        dashboard = json.loads(path.read_text("utf-8"))
        assert "datasource" in {variable["type"] for variable in dashboard["templating"]["list"]}
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
        assert len(set(places)) == len(places)
        sources = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel["targets"]}
        assert sources == {"${datasource}"}


def histogram(name: str, labels: str, buckets: Mapping[str, int]) -> list[dict[str, str]]:
    """Return series of a histogram that grows by so much a minute, for an hour."""
    return [
        {"series": f'{name}_bucket{{job="api", instance="a-1", {labels}le="{bound}"}}', "values": f"0+{count}x60"}
        for bound, count in buckets.items()
    ]


def durations(fast: int, middling: int, slow: int) -> list[dict[str, str]]:
    """Return how long requests take: within 100 ms, within 500 ms, and longer."""
    buckets = {"0.1": fast, "0.5": fast + middling, "1": fast + middling + slow, "+Inf": fast + middling + slow}
    return histogram("http_server_request_duration_seconds", "", buckets)


def queries(few: int, many: int) -> list[dict[str, str]]:
    """Return how many queries requests make: 9 at most, and more."""
    buckets = {"8": few // 2, "9": few, "12": few + many, "+Inf": few + many}
    return histogram("http_server_request_queries", 'http_route="api/v1/orders/", ', buckets)


def statuses(fine: int, failed: int) -> list[dict[str, str]]:
    """Return how requests are answered."""
    name = "http_server_request_duration_seconds_count"
    return [
        {"series": f'{name}{{job="api", http_response_status_code="{code}"}}', "values": f"0+{count}x60"}
        for code, count in {"200": fine, "404": fine, "503": failed}.items()
    ]


def waits(short: int, long: int) -> list[dict[str, str]]:
    """Return how long tasks wait: for 5 seconds at most, and longer."""
    buckets = {"5": short, "10": short + long, "+Inf": short + long}
    return histogram("celery_task_latency_seconds", 'task="mail", ', buckets)


def single(name: str, values: str, job: str = "api") -> list[dict[str, str]]:
    """Return one series of one service."""
    return [{"series": f'{name}{{job="{job}", instance="a-1", task="mail"}}', "values": values}]


def of_two(name: str, values: str, others: str) -> list[dict[str, str]]:
    """Return one series of each of two services."""
    return [*single(name, values), *single(name, others, job="shop")]


MEGABYTE = 1024 * 1024
STARTED = "celery_task_latency_seconds_count"
FAILED = "celery_task_failures_total"

# For each alert what holds its target, by a little, and then what does not.
CASES: dict[str, tuple[list[dict[str, str]], ...]] = {
    "RequestsSlow": (durations(51, 49, 0), durations(49, 51, 0)),
    "RequestsVerySlow": (durations(900, 91, 9), durations(900, 89, 11)),
    "RequestsMakeManyQueries": (queries(995, 5), queries(985, 15)),
    "WorkerNeedsMuchMemory": (
        single("process_memory_usage_bytes", f"{255 * MEGABYTE}x60"),
        single("process_memory_usage_bytes", f"{257 * MEGABYTE}x60"),
    ),
    "RequestsFail": (statuses(1000, 19), statuses(1000, 21)),
    "TasksWait": (waits(96, 4), waits(94, 6)),
    # Held by a worker that goes on, and by one that is new. Missed by one that lives and starts none, and by one that
    # has gone, whether or not another service has one; and where nothing is known of any.
    "NoTaskStarted": (
        of_two(STARTED, "0+1x60", "_x50 1x10"),
        single(STARTED, "7x60"),
        single(STARTED, "0+1x30"),
        of_two(STARTED, "7x60", "0+1x60"),
        of_two(STARTED, "0+1x30", "0+1x60"),
        [],
    ),
    # Held by what failed long ago, though Prometheus was away meanwhile, and by a process that is new. Missed by one
    # more, and by one that has failed before it is known.
    "TasksFail": (
        [*of_two(FAILED, "3x60", "3x30 _x20 3x10"), *single(FAILED, "_x50 0x10", job="till")],
        single(FAILED, "3x50 4x10"),
        single(FAILED, "_x50 1x10"),
        of_two(FAILED, "_x50 1x10", "3x60"),
    ),
}
ALERTS = {rule["alert"]: file for file, listed in rules().items() for rule in listed}


def test_every_alert_has_its_cases() -> None:
    assert set(CASES) == set(ALERTS)


def evaluate(files: Iterable[str], series: list[dict[str, str]], count: str, expected: int, directory: Path) -> None:
    """Have promtool evaluate rules, every minute of an hour, and compare how many alerts there are at its end."""
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
def test_an_alert_fires_when_its_target_is_missed_and_only_then(alert: str, number: int, tmp_path: Path) -> None:
    firing = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    evaluate([ALERTS[alert]], CASES[alert][number], firing, int(number > 0), tmp_path)


def test_no_alert_fires_for_a_service_that_nobody_calls(tmp_path: Path) -> None:
    quiet = [*durations(0, 0, 0), *queries(0, 0), *statuses(0, 0), *waits(0, 0), *single(STARTED, "0+1x60")]
    evaluate(rules(), quiet, "count(ALERTS)", 0, tmp_path)
