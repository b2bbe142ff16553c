"""Export traces and metrics of one process by OTLP over HTTP, without personal data.

https://opentelemetry.io/docs/languages/python/exporters/
"""

import re
from collections.abc import Sequence

from django.core.signals import request_started
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.util.types import Attributes
from redis.observability import MetricGroup, OTelConfig, get_observability_instance

# Prefixes of attributes that hold what clients send, who they are, or exception messages, which may quote both.
PRIVATE = (
    *("client.", "http.request.method_original", "network.peer.", "url.full", "url.query", "user_agent."),
    *("exception.message", "exception.stacktrace"),
)
SQL_LITERAL = re.compile(r"(?is)e'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|\b\d+(?:\.\d+)?\b")

_providers: list[TracerProvider | MeterProvider] = []


class RedactingSpanExporter(OTLPSpanExporter):
    """Remove personal data, and leave out database and Redis calls outside a request or task."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export copies, because a span that has ended cannot be changed."""
        return super().export([_redacted(span) for span in spans if _is_relevant(span)])


def start(**_kwargs: object) -> None:
    """Start exporting from this process, with its first request or task: the threads do not survive a fork."""
    if not request_started.disconnect(start):
        return
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(BatchSpanProcessor(RedactingSpanExporter()))
    meter_provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    _providers.extend((tracer_provider, meter_provider))
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(meter_provider)
    SystemMetricsInstrumentor(config={"process.memory.usage": None}).instrument()
    get_observability_instance().init(OTelConfig(metric_groups=[MetricGroup.COMMAND]))


def stop(**_kwargs: object) -> None:
    """Export what is left, in a process that skips `atexit` handlers."""
    while _providers:
        _providers.pop().shutdown()


def _is_relevant(span: ReadableSpan) -> bool:
    # The connection pool checks a connection with an empty query.
    is_pool_check = (span.attributes or {}).get("db.query.text") == ""
    return not is_pool_check and not (span.parent is None and span.kind is trace.SpanKind.CLIENT)


def _redacted(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_without_private(span.attributes),
        events=[Event(event.name, _without_private(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=trace.Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_private(attributes: Attributes) -> Attributes:
    kept = {name: value for name, value in (attributes or {}).items() if not name.startswith(PRIVATE)}
    if "db.query.text" in kept:
        kept["db.query.text"] = SQL_LITERAL.sub("?", str(kept["db.query.text"]))
    return kept
