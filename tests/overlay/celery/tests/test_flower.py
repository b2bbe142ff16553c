"""Flower, which shows what workers do."""

import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from tests.tasks import tell
from tests.test_celery import needs_redis, send
from tests.waiting import wait_until
from tests.workers import celery, free_port, worker


@needs_redis
def test_it_shows_a_worker_and_what_it_did(environment: dict[str, str], tmp_path: Path) -> None:
    name = uuid4().hex
    environment = {**environment, "CELERY_BROKER_URL": os.environ["REDIS_URL"]}
    port = free_port()
    labels = f'task="{tell.name}",type="task-succeeded",worker="{name}@tests"'
    counter = "flower_events_total{" + labels + "}"

    def shows(path: str, text: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}") as page:
                return text in page.read().decode()
        except URLError:
            return False

    options = ("--address=127.0.0.1", f"--port={port}")
    with (
        worker(name, environment=environment, folder=tmp_path),
        celery("flower", *options, environment=environment, folder=tmp_path),
    ):
        wait_until(lambda: shows("/workers", f"{name}@tests"))
        send(tell.name, queue=name, broker=os.environ["REDIS_URL"])
        wait_until(lambda: shows("/metrics", counter))
