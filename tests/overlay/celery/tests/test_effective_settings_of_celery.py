"""The settings of Celery, as the template ships them."""

from tests.effective import complete, show
from tests.test_settings import missing_variables


def test_production_loses_no_task_with_its_worker() -> None:
    production = show(complete())

    assert production["CELERY_TASK_ACKS_LATE"] is True
    assert production["CELERY_TASK_REJECT_ON_WORKER_LOST"] is True
    timeout = production["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"]
    assert timeout > production["CELERY_TASK_TIME_LIMIT"] > production["CELERY_TASK_SOFT_TIME_LIMIT"]
    assert production["CELERY_TASK_ALWAYS_EAGER"] is False
    assert production["CELERY_TASK_IGNORE_RESULT"] is True
    # A worker takes no task that it cannot start yet, so that another worker can.
    assert production["CELERY_WORKER_DISABLE_PREFETCH"] is True
    assert production["CELERY_WORKER_PREFETCH_MULTIPLIER"] == 1


def test_development_runs_tasks_in_process() -> None:
    assert show({}, "local")["CELERY_TASK_ALWAYS_EAGER"] is True


def test_production_requires_a_broker() -> None:
    assert "CELERY_BROKER_URL" in missing_variables()
