"""Where traces and metrics go: by OTLP over HTTP, from threads of each process.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

import os
import re
import socket
from collections.abc import Sequence
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, Status
from opentelemetry.util.types import Attributes
from redis.observability import MetricGroup, OTelConfig, get_observability_instance

from config.settings.components.telemetry import SERVICE_NAME

# What callers send, who they are, and messages of errors, which quote both.
PRIVATE = {
    "client.address",
    "client.port",
    "exception.message",
    "exception.stacktrace",
    "http.request.method_original",
    "network.peer.address",
    "network.peer.port",
    "url.full",
    "url.query",
    "user_agent.original",
}

# Literals of a statement; identifiers in double quotes stay.
_IDENTIFIER_OR_LITERAL = re.compile(
    r"""("[^"]*") | e'(?:[^'\\]|''|\\.)*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | \$(\w*)\$.*?(?:\$\2\$|\Z) | \b\d[\d.]*\b""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

# How metrics of libraries are told otherwise.
views: list[View] = []

_providers: list[TracerProvider | MeterProvider] = []


class DiscreetSpanExporter(OTLPSpanExporter):
    """Exports spans without what is private in them, and without those that tell nobody anything."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return super().export([_discreet(span) for span in spans if not _is_check(span)])


class WithinSomething(Sampler):
    """Leaves out calls that are part of nothing: of a pool that opens connections, a probe, a worker that waits."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self, parent_context: Context | None, trace_id: int, name: str, kind: SpanKind | None = None, *rest: Any
    ) -> SamplingResult:
        if kind is SpanKind.CLIENT and not trace.get_current_span(parent_context).get_span_context().is_valid:
            return SamplingResult(Decision.DROP)
        return self._sampler.should_sample(parent_context, trace_id, name, kind, *rest)

    def get_description(self) -> str:
        return f"{type(self).__name__}({self._sampler.get_description()})"


def start(instance: str) -> None:
    """Begin to export from this process, until it ends. To be called after a fork: threads do not survive one.

    Args:
        instance: What tells this process from the others of its host: its kind, since two containers may have one
            hostname, its parent and its number. Whichever takes its place goes on under the same name, or every
            replaced worker would leave its own metrics behind.
    """
    # What the project says of itself gives way to what the variables say; no process bears the name of another.
    resource = Resource.create(
        {
            "service.name": SERVICE_NAME,
            "deployment.environment.name": os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[2],
            **OTELResourceDetector().detect().attributes,
            "service.instance.id": f"{socket.gethostname()}-{instance}",
        }
    )
    tracer_provider = TracerProvider(resource=resource)
    # Around the one that OTEL_TRACES_SAMPLER names.
    tracer_provider.sampler = WithinSomething(tracer_provider.sampler)
    tracer_provider.add_span_processor(BatchSpanProcessor(DiscreetSpanExporter()))
    trace.set_tracer_provider(tracer_provider)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    meter_provider = MeterProvider([reader], resource=resource, views=views)
    metrics.set_meter_provider(meter_provider)
    # Redis measures its commands itself.
    get_observability_instance().init(OTelConfig(metric_groups=[MetricGroup.COMMAND]))
    _providers.extend((tracer_provider, meter_provider))


def stop() -> None:
    """Export what is left. A process that Python ends does so by itself."""
    while _providers:
        _providers.pop().shutdown()


def _is_check(span: ReadableSpan) -> bool:
    """Tell whether a query is the empty one, with which the pool sees whether a connection lives."""
    return (span.attributes or {}).get("db.query.text") == ""


def _discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_harmless(span.attributes),
        events=[Event(event.name, _harmless(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        # Its description is the message of an error.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _harmless(attributes: Attributes) -> Attributes:
    kept = {name: value for name, value in (attributes or {}).items() if name not in PRIVATE}
    if "db.query.text" in kept:
        sql = str(kept["db.query.text"])[:1000]
        kept["db.query.text"] = _IDENTIFIER_OR_LITERAL.sub(lambda match: match[1] or "?", sql)
    return kept
