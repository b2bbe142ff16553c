from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from apps.users.models import User
from apps.users.sessions import session_start
from apps.users.tasks import clear_expired


@pytest.mark.django_db
def test_clearing_bears_to_run_twice(user: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        session_start(user=user)

    clear_expired.delay()
    clear_expired.delay()

    assert not OutstandingToken.objects.exists()
