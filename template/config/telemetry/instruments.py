"""What is measured beside what the libraries measure.

https://opentelemetry.io/docs/specs/semconv/general/metrics/
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponseBase
from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from opentelemetry.trace import Span
from opentelemetry.util.http import sanitize_method

from apps.core.database.queries import query_count

_STATM = Path("/proc/self/statm")

meter = get_meter("config.telemetry")

# Fewer than 10 is what a request should need, so each number up to there is told apart.
queries = meter.create_histogram(
    "http.server.request.queries",
    unit="{query}",
    description="Queries of a request.",
    explicit_bucket_boundaries_advisory=[*range(10), 12, 15, 20, 30, 50, 100],
)


def record_queries(_span: Span, request: HttpRequest, _response: HttpResponseBase) -> None:
    """Note how many queries a request has made, under the name that its duration has."""
    match = request.resolver_match
    route = {"http.route": match.route} if match and match.route else {}
    # Whatever a caller makes up is one method, or each would be a series of its own for as long as the process lives.
    method = sanitize_method(str(request.method))
    queries.record(query_count(), {"http.request.method": method, **route})


def _memory(_options: CallbackOptions) -> Iterator[Observation]:
    """Yield how much of the memory this process holds, on Linux."""
    if _STATM.exists():
        pages = int(_STATM.read_text().split()[1])
        yield Observation(pages * os.sysconf("SC_PAGE_SIZE"))


meter.create_observable_up_down_counter(
    "process.memory.usage", callbacks=[_memory], unit="By", description="Resident memory of a process."
)
