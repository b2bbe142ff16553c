"""App configuration of the shared code."""

from django.apps import AppConfig
from django.core.signals import got_request_exception, request_finished
from django.db.backends.signals import connection_created

from apps.core.access_log import clear_context, count_queries, log_exception


class CoreConfig(AppConfig):
    """What all apps share."""

    name = "apps.core"

    def ready(self) -> None:
        connection_created.connect(count_queries)
        got_request_exception.connect(log_exception)
        request_finished.connect(clear_context)
