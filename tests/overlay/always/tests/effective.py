"""Effective settings, together with the environment variables that they read."""

import json
import re
from typing import Any

from config.env import BASE_DIR
from tests.test_settings import load, required_variables

# Print the settings, and under "read" each variable that they read, with its value.
PRINT_SETTINGS_AND_READS = """
import json
import environ
read = {}
get_value = environ.Env.get_value
def record(self, name, *args, **kwargs):
    read[str(name)] = value = get_value(self, name, *args, **kwargs)
    return value
environ.Env.get_value = record
from django.conf import settings
values = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
print(json.dumps({**values, "read": read}, default=lambda value: type(value).__name__))
"""


def show(environment: dict[str, str], settings: str = "production") -> dict[str, Any]:
    """Return the settings, with nothing in the environment but what is given."""
    result = load(settings, environment, PRINT_SETTINGS_AND_READS)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def complete(**variables: str) -> dict[str, str]:
    """Return an environment that production starts in, with more variables."""
    return {**required_variables(), **variables}


def listed_variables() -> dict[str, str]:
    """Return the variables of `.env.example`, with the values that it shows."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
