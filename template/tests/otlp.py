"""A receiver of traces and metrics, where a collector would be.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric, NumberDataPoint
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What was received so far.

    Attributes:
        endpoint: Where to export to.
        bodies: The path and the body of each request.
        answering: Whoever exports waits while this is cleared.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.bodies: list[tuple[str, bytes]] = []
        self.answering = threading.Event()
        self.answering.set()

    def resources(self) -> list[Resource]:
        """Return of which processes the spans are."""
        return [group.resource for request in self._traces() for group in request.resource_spans]

    def spans(self) -> list[Span]:
        """Return all spans."""
        return [
            span
            for request in self._traces()
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, Metric]:
        """Return each metric as it was last."""
        requests = [ExportMetricsServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/metrics"]
        return {
            metric.name: metric
            for request in requests
            for group in request.resource_metrics
            for scope in group.scope_metrics
            for metric in scope.metrics
        }

    def _traces(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/traces"]


@contextmanager
def collect() -> Iterator[Collector]:
    """Receive for the time of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.bodies.append((self.path, body))
            collector.answering.wait()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield collector
        collector.answering.set()
        server.shutdown()
        thread.join()


def attributes(of: Resource | Span | HistogramDataPoint | NumberDataPoint) -> dict[str, AnyValue]:
    """Return what is said of a span, of a process or of one series of a metric."""
    return {pair.key: pair.value for pair in of.attributes}
