"""Heartbeat: a file that a worker or beat touches while it runs. Liveness probes check its age."""

import time
from pathlib import Path
from threading import Thread
from typing import Any

from celery import bootsteps
from django.conf import settings

INTERVAL_SECONDS = 5


def start_heartbeat(process: str) -> None:
    """Touch the file of `worker` or `beat` in a thread, because the main thread blocks while the broker is down."""
    path = Path(settings.HEARTBEAT_FILE.format(process=process))

    def touch() -> None:
        while True:
            path.touch()
            time.sleep(INTERVAL_SECONDS)

    Thread(target=touch, daemon=True).start()


class HeartbeatStep(bootsteps.StartStopStep):
    """Start the heartbeat of a worker once its processes are forked: threads do not survive a fork."""

    requires = ("celery.worker.components:Pool",)

    def start(self, _worker: Any) -> None:
        start_heartbeat("worker")
