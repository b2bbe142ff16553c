"""A sign of life: a file that a worker or beat touches for as long as its process runs.

Whoever looks after them asks for its age, which takes no broker and no Django. A thread of its own touches it: while the
broker is away, the main thread of a worker or of beat waits for it, and so do the timers of Celery. Not to be connected is
no reason for a restart, which would mend nothing.
"""

import time
from pathlib import Path
from threading import Thread
from typing import Any

import structlog
from celery import bootsteps
from django.conf import settings

log = structlog.get_logger(__name__)

# A process is taken for dead when the file is a minute old.
BEAT_SECONDS = 5


def start_heartbeat(process: str) -> None:
    """Touch the file from now on.

    Args:
        process: `worker` or `beat`, whose files are not the same.
    """
    path = Path(settings.HEARTBEAT_FILE.format(process=process))
    Thread(target=_keep_touching, args=(path,), name="heartbeat", daemon=True).start()


def _keep_touching(path: Path) -> None:
    is_told = False
    while True:
        try:
            path.touch()
        except OSError as error:
            if not is_told:
                log.exception("heartbeat_not_written", error=str(error))
            is_told = True
        time.sleep(BEAT_SECONDS)


class Heartbeat(bootsteps.StartStopStep):
    """Starts it with a worker: once its processes are there, since a thread does not go well with a fork."""

    requires = ("celery.worker.components:Pool",)

    def start(self, _worker: Any) -> None:
        start_heartbeat("worker")
