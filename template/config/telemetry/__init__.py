"""Traces and metrics by OpenTelemetry: an app that staging and production install when they have an OTLP endpoint."""

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from structlog.contextvars import bind_contextvars
from structlog.typing import EventDict, WrappedLogger


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the current trace and span to a log event."""
    context = get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
    return event


def bind_trace(*_args: object) -> None:
    """Add the ids of a request's span to its log events, because the access log is written after the span has ended."""
    bind_contextvars(**add_trace(None, "", {}))
