"""Reading the environment: the one door through which settings get outside values."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# Reads NAME from the file that NAME_FILE points at, where that is set.
# https://django-environ.readthedocs.io/en/latest/tips.html#docker-style-file-based-variables
env = environ.FileAwareEnv()


def require(*names: str) -> None:
    """Refuse to go on without the named variables, or with an unsafe value in them.

    Args:
        names: Variables that must be set, directly or through `NAME_FILE`, and not be empty.

    Raises:
        ImproperlyConfigured: One message that names every variable to mend.
    """
    problems = [f"{name} is not set" for name in names if not env.str(name, "").strip()]
    if env.str("DEBUG", "").strip().lower() not in {"", "0", "false", "no", "off"}:
        problems.append("DEBUG is set, and this environment never runs in debug mode")
    if any("*" in host or host.startswith(".") for host in env.list("ALLOWED_HOSTS", default=[])):
        problems.append("ALLOWED_HOSTS has a wildcard: name each host")
    if env.str("ADMIN_URL", "").strip("/") == "admin":
        problems.append("ADMIN_URL is admin/, which is where everybody looks: choose another")
    if problems:
        listing = "".join(f"\n  - {problem}" for problem in problems)
        raise ImproperlyConfigured(
            f"The environment is not fit to start in:{listing}\n.env.example says what each variable is for."
        )
