"""Why undocumented API of Django's connection pool is used. A test that fails here says that the use can go.

`tests/test_private_api.py` of the template names each use.
"""

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper


def test_django_does_not_take_a_check_for_its_pool() -> None:
    options = {**connection.settings_dict["OPTIONS"], "pool": {"check": lambda _connection: None}}

    with pytest.raises(TypeError, match="check"):
        DatabaseWrapper({**connection.settings_dict, "OPTIONS": options}, "other").pool  # noqa: B018 - a property
