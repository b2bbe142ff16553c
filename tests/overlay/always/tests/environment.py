"""The environment of processes that tests start."""

import os
from urllib.parse import urlsplit

from django.db import connection


def environment() -> dict[str, str]:
    """Return the variables of a process that works on the database of the tests."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {**os.environ, "DATABASE_URL": database.geturl()}
