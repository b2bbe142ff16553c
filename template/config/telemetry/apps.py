"""The app that has requests, queries and tasks traced."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    """Traces what a process does. Where that goes is for each process to say, with `start`."""

    name = "config.telemetry"

    def ready(self) -> None:
        # Django looks into this module wherever the app is named; the libraries are for where it is installed.
        from config.telemetry.instrumentation import instrument  # noqa: PLC0415

        instrument()
