"""Requests whose callers go away: under ASGI Django cancels them, and no middleware has a response."""

from asyncio import CancelledError

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

# The name that nginx has for it.
CLIENT_CLOSED_REQUEST = 499


class RequestMiddleware(_DjangoMiddleware):
    """Ends what it began for a request that is cancelled.

    The library leaves it open: the request counts as active for good, and its span ends with an error in the log.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response.

        Raises:
            CancelledError: There is none, and nobody to get one.
        """
        try:
            response: HttpResponseBase = super().__call__(request)  # type: ignore[no-untyped-call]
        except CancelledError:
            self.process_response(request, HttpResponse(status=CLIENT_CLOSED_REQUEST))  # type: ignore[no-untyped-call]
            raise
        return response


class RequestInstrumentor(DjangoInstrumentor):
    """Traces requests, those that are cancelled as well."""

    _opentelemetry_middleware = f"{RequestMiddleware.__module__}.{RequestMiddleware.__qualname__}"
