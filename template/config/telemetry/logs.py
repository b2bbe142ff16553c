"""What lets a log line be found from a trace, and a trace from a log line."""

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from structlog.typing import EventDict, WrappedLogger


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return a log line with the ids of the trace and of the span that it was written in, if there is one."""
    context = get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
    return event
