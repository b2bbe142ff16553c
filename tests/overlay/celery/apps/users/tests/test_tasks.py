from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.users.models import User, UserSession
from apps.users.sessions import session_start
from apps.users.tasks import clear_expired_task


@pytest.mark.django_db
def test_clear_expired_is_idempotent(user: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=365)):
        session_start(user=user)

    clear_expired_task.delay()
    clear_expired_task.delay()

    assert not UserSession.objects.exists()
