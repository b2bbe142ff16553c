"""Each task that is routed or scheduled exists, and workers consume its queue."""

from fnmatch import fnmatch

import pytest
from django.conf import settings

from config.celery import app

app.loader.import_default_modules()


@pytest.mark.parametrize("pattern", settings.CELERY_TASK_ROUTES)
def test_route_fits_a_task_and_leads_to_a_queue(pattern: str) -> None:
    assert [name for name in app.tasks if fnmatch(name, pattern)]
    assert settings.CELERY_TASK_ROUTES[pattern]["queue"] in settings.CELERY_TASK_QUEUES


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE)
def test_scheduled_task_exists(entry: str) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[entry]["task"] in app.tasks
