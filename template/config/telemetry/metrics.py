"""Metrics that the instrumentation libraries do not have.

https://opentelemetry.io/docs/specs/semconv/general/metrics/
"""

from django.http import HttpRequest, HttpResponseBase
from django.views import View
from opentelemetry.metrics import get_meter
from opentelemetry.trace import Span

from apps.core.access_log import query_count

meter = get_meter("config.telemetry")
# Clients can send any method name, and each one would be a series of its own.
METHODS = {name.upper() for name in View.http_method_names}

queries = meter.create_histogram(
    "http.server.request.queries",
    unit="{query}",
    description="Database queries per request.",
    explicit_bucket_boundaries_advisory=[*range(10), 12, 15, 20, 30, 50, 100],
)


def record_queries(_span: Span, request: HttpRequest, _response: HttpResponseBase) -> None:
    """Record how many queries a request made, with the route and method of its duration metric."""
    match = request.resolver_match
    route = {"http.route": match.route} if match and match.route else {}
    method = request.method if request.method in METHODS else "_OTHER"
    queries.record(query_count(), {"http.request.method": str(method), **route})
