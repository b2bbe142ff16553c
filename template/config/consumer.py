"""Celery's consumer, which outlives the loss of Redis while a task is at work."""

from contextlib import suppress
from typing import Any

from celery.worker import consumer


class Consumer(consumer.Consumer):
    """What takes messages from Redis. `CELERY_WORKER_CONSUMER` names it.

    Celery 5.7.0 closes a lost connection twice. The first time a channel fails where it reads what it was waiting for;
    the second time it gives back what is not acknowledged, over a connection that has no address any more, which nobody
    expects: the worker ends.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the channels while their address is known, and leave it to the tasks that have yet to acknowledge."""
        # There is one, or it could not be lost.
        connection: Any = self.connection
        transport = connection.transport
        # Of those that Redis has; other brokers keep theirs elsewhere.
        channels = [*(getattr(transport, "channels", None) or ())]
        for channel in channels:
            # The first call ends the wait, the second closes.
            for _ in range(2):
                with suppress(*connection.connection_errors, *connection.channel_errors):
                    channel.close()
        super().on_connection_error_after_connected(exc)
        if channels:
            transport.client = connection
