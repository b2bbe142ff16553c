"""A receiver of traces and metrics, by OTLP over HTTP, that keeps what comes in.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import gzip
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

Attributes = Mapping[str, object]


@dataclass(frozen=True)
class Span:
    """A span that was exported.

    Attributes:
        resource: Of which process it is.
        attributes: What is said of it.
        message: All of it, as it came.
    """

    resource: Attributes
    attributes: Attributes
    message: SpanMessage

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.message.name

    @property
    def trace(self) -> str:
        """Return the id of its trace."""
        return self.message.trace_id.hex()

    @property
    def id(self) -> str:
        """Return its own id."""
        return self.message.span_id.hex()

    @property
    def parent(self) -> str:
        """Return the id of the span that it is a part of, empty for the first of a trace."""
        return self.message.parent_span_id.hex()


@dataclass(frozen=True)
class Measured:
    """What a metric said at one time.

    Attributes:
        resource: Of which process it is.
        attributes: The attributes that distinguish it.
        metric: Its name, unit and kind.
        point: The value, as it came.
    """

    resource: Attributes
    attributes: Attributes
    metric: Metric
    point: Any


@dataclass
class Received:
    """What came in so far.

    Attributes:
        endpoint: Where to export to.
        bodies: The path and the body of each request.
        delivered: Set while the server responds; if it is cleared, exporters wait.
    """

    endpoint: str
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    delivered: threading.Event = field(default_factory=threading.Event)

    def spans(self) -> list[Span]:
        """Return all spans."""
        return [
            Span(_plain(group.resource.attributes), _plain(span.attributes), span)
            for body in self._bodies("/v1/traces")
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> list[Measured]:
        """Return all values of all metrics, the oldest first."""
        return [
            Measured(_plain(group.resource.attributes), _plain(point.attributes), metric, point)
            for body in self._bodies("/v1/metrics")
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics
            for scope in group.scope_metrics
            for metric in scope.metrics
            for point in getattr(metric, metric.WhichOneof("data") or "").data_points
        ]

    def _bodies(self, path: str) -> list[bytes]:
        return [body for to, body in list(self.bodies) if to == path]


@contextmanager
def receive() -> Iterator[Received]:
    """Receive for the time of a `with` block."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.delivered.wait()
            received.bodies.append((self.path, gzip.decompress(body) if self.headers["Content-Encoding"] else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        received = Received(f"http://127.0.0.1:{server.server_port}")
        received.delivered.set()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield received
        finally:
            received.delivered.set()
            server.shutdown()
            thread.join()


def _plain(attributes: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair) for pair in attributes}


def _value(pair: KeyValue) -> object:
    kind = pair.value.WhichOneof("value")
    return getattr(pair.value, kind) if kind else None
