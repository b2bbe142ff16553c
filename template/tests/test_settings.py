"""The effective settings that keep production safe. Each environment is loaded in a process of its own."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import BASE_DIR, require

SECRET_KEY = "a-key-that-only-tests-use-0123456789-abcdefghijklmnop"
COMPLETE = {
    "DJANGO_SECRET_KEY": SECRET_KEY,
    "ALLOWED_HOSTS": "api.example.com,example.com",
    "DATABASE_URL": "postgres://app:secret@db.example.com:5432/app",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "CELERY_BROKER_URL": "redis://broker.example.com:6379/1",
    "ADMIN_URL": "back-office",
}
PRINT_SETTINGS = """
import json
from django.conf import settings
values = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
print(json.dumps(values, default=lambda value: type(value).__name__))
"""


def load(settings: str, environment: dict[str, str], code: str = PRINT_SETTINGS) -> subprocess.CompletedProcess[str]:
    """Run code with the named settings, and nothing in the environment but what is given."""
    inherited = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE", "PATH"))}
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "error", "-c", code],
        cwd=BASE_DIR,
        env={**inherited, **environment, "DJANGO_SETTINGS_MODULE": f"config.settings.{settings}"},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def missing_variables() -> list[str]:
    """Return the variables that production names when none is set."""
    return re.findall(r"- (\w+) is not set", load("production", {}).stderr)


def required_variables() -> dict[str, str]:
    """Return a value for every variable that production requires, including those that you add."""
    return {**dict.fromkeys(missing_variables(), "placeholder"), **COMPLETE}


def show(environment: dict[str, str], settings: str = "production") -> dict[str, Any]:
    """Return the effective settings, with nothing in the environment but what is given."""
    result = load(settings, environment)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_production_names_every_missing_variable() -> None:
    assert {"DJANGO_SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "ADMIN_URL"} <= set(missing_variables())


def test_unsafe_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unsafe = {"DEBUG": "1", "ALLOWED_HOSTS": "*", "ADMIN_URL": "/admin/"}
    for name, value in unsafe.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        require(*unsafe)

    assert [name for name in unsafe if f"- {name} " not in str(refusal.value)] == []


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_deployed_environments_are_safe(environment: str) -> None:
    values = show(required_variables(), environment)

    assert values["DEBUG"] is False
    assert values["SECRET_KEY"] == SECRET_KEY
    assert values["ALLOWED_HOSTS"] == ["api.example.com", "example.com"]
    assert values["ADMIN_URL"] != "admin/"
    assert values["SESSION_COOKIE_SECURE"] is True
    assert values["CSRF_COOKIE_SECURE"] is True
    assert values["SESSION_COOKIE_HTTPONLY"] is True
    assert not values.get("CORS_ALLOW_ALL_ORIGINS")
    assert SECRET_KEY not in values["JWT_SIGNING_KEYS"]
    assert not any("MD5" in hasher for hasher in values["PASSWORD_HASHERS"])
