"""Reading the environment: the one door through which settings get outside values."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

# What HS256 asks for at least (RFC 7518, section 3.2).
_KEY_LENGTH = 32
_PATH = re.compile(r"[a-z0-9._~-]+(/[a-z0-9._~-]+)*/")
_SITE = re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)*/?")
# First parts of paths where other things are.
_TAKEN = {"account", "admin", "api", "livez", "media", "readyz", "static"}

BASE_DIR = Path(__file__).resolve().parent.parent


# The library publishes no types.
class Environment(environ.fileaware_mapping.FileAwareMapping):  # type: ignore[misc]
    """The environment, where NAME is read from the file that NAME_FILE points at, if that is set.

    https://django-environ.readthedocs.io/en/latest/tips.html#docker-style-file-based-variables
    """

    def __getitem__(self, key: str) -> str:
        """Return a value without the line break that ends most files.

        Raises:
            ImproperlyConfigured: The file cannot be read.
        """
        try:
            return str(super().__getitem__(key)).strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{key}_FILE cannot be read: {error}") from error


class Env(environ.Env):  # type: ignore[misc]
    """Typed values from the environment."""

    ENVIRON = Environment()


env = Env()


def names(variable: str) -> list[str]:
    """Return the parts of a comma-separated variable, without spaces around them and without empty ones."""
    return [part.strip() for part in env.str(variable, "").split(",") if part.strip()]


def path_of(variable: str, default: str) -> str:
    """Return a variable that holds a path, with a slash at its end and none at its start."""
    path: str = env.str(variable, default).strip("/")
    return f"{path}/"


def require(*variables: str) -> None:
    """Refuse to go on without the named variables, or with an unsafe value in them.

    Args:
        variables: What must be set, directly or through `NAME_FILE`, and not be empty.

    Raises:
        ImproperlyConfigured: One message that names every variable to mend.
    """
    problems = [problem for name in variables if (problem := _missing(name))]
    try:
        problems += _unsafe()
    except ImproperlyConfigured as error:
        problems += [] if str(error) in problems else [str(error)]
    if problems:
        listing = "".join(f"\n  - {problem}" for problem in problems)
        raise ImproperlyConfigured(
            f"The environment is not fit to start in:{listing}\n.env.example says what each variable is for."
        )


def _missing(name: str) -> str | None:
    """Say what is wrong with a variable that must be set, or None."""
    try:
        return None if env.str(name, "") else f"{name} is not set"
    except ImproperlyConfigured as error:
        return str(error)


def _unsafe() -> list[str]:
    """Say what is unsafe, one sentence for each variable."""
    hosts = names("ALLOWED_HOSTS")
    admin = path_of("ADMIN_URL", "unset").lower()
    rules = {
        "DEBUG is set, and this environment never runs in debug mode": (
            env.str("DEBUG", "").lower() not in {"", "0", "false", "no", "off"}
        ),
        "ALLOWED_HOSTS has a wildcard: name each host": any("*" in host or host.startswith(".") for host in hosts),
        "ALLOWED_HOSTS has an address: name hosts only, such as api.example.com": any("/" in host for host in hosts),
        "ADMIN_URL is admin/, where everybody looks, taken or no plain path: choose another": (
            not _PATH.fullmatch(admin) or admin.partition("/")[0] in _TAKEN
        ),
        f"JWT_SIGNING_KEYS has a key of fewer than {_KEY_LENGTH} characters": any(
            len(key) < _KEY_LENGTH for key in names("JWT_SIGNING_KEYS")
        ),
        "SITE_URL is no plain https:// address": not _SITE.fullmatch(env.str("SITE_URL", "https://example.com")),
        "NUM_PROXIES is no count: 0, 1, 2 …": not env.str("NUM_PROXIES", "1").isdecimal(),
        "DATABASE_URL is no address: it starts with postgres://": "://" not in env.str("DATABASE_URL", "sqlite://"),
    }
    return [problem for problem, broken in rules.items() if broken]
