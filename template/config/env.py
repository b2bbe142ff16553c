"""Typed values of environment variables, and the startup check of staging and production."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# HS256 needs a key of 256 bits (RFC 7518, section 3.2).
_MIN_KEY_LENGTH = 32
_ADMIN_PATH = re.compile(r"(?!(account|admin|api|livez|media|readyz|static)/)[a-z0-9._~-]+(/[a-z0-9._~-]+)*/")
_RATES = re.compile(r"(\w+=\d+/(s|sec|m|min|h|hour|d|day),?)*")
_SITE_URL = re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)*/?")


class _Variables(environ.fileaware_mapping.FileAwareMapping):  # type: ignore[misc] # the library has no types
    """Environment variables. `NAME_FILE` names a file that holds the value of `NAME` (Docker and Kubernetes secrets)."""

    def __getitem__(self, key: str) -> str:
        try:
            return str(super().__getitem__(key)).strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{key}_FILE cannot be read: {error}") from error


env = environ.Env()
env.ENVIRON = _Variables()


def env_list(name: str) -> list[str]:
    """Return the items of a comma-separated variable, stripped and without empty ones."""
    return [item.strip() for item in env.str(name, "").split(",") if item.strip()]


def url_path(name: str, default: str = "") -> str:
    """Return a variable that holds a URL path, without a leading slash and with a trailing one."""
    return str(env.str(name, default)).strip("/") + "/"


def require(*names: str) -> None:
    """Refuse to start while a variable is missing or has an unsafe value.

    Raises:
        ImproperlyConfigured: One message that names every variable to fix.
    """
    hosts = env_list("ALLOWED_HOSTS")
    rules = {f"{name} is not set": not env.str(name, "") for name in names} | {
        "DEBUG is on: staging and production never run in debug mode": env.bool("DEBUG", default=False),
        "ALLOWED_HOSTS has a wildcard: name each host": any("*" in host or host.startswith(".") for host in hosts),
        "ADMIN_URL is easy to guess, already used or not a plain path: choose another": (
            not _ADMIN_PATH.fullmatch(url_path("ADMIN_URL", "unset").lower())
        ),
        f"JWT_SIGNING_KEYS has a key of fewer than {_MIN_KEY_LENGTH} characters": any(
            len(key) < _MIN_KEY_LENGTH for key in env_list("JWT_SIGNING_KEYS")
        ),
        "SITE_URL is not a plain https:// URL": not _SITE_URL.fullmatch(env.str("SITE_URL", "https://unset")),
        "API_THROTTLE_RATES is not a list such as user=5000/hour,anon=200/hour": not _RATES.fullmatch(
            env.str("API_THROTTLE_RATES", "")
        ),
        "NUM_PROXIES is not a count: 0, 1, 2 …": not env.str("NUM_PROXIES", "1").isdecimal(),
    }
    problems = "".join(f"\n  - {problem}" for problem, broken in rules.items() if broken)
    if problems:
        raise ImproperlyConfigured(f"Fix these environment variables (see .env.example):{problems}")
