"""Development: needs no environment variable, and nothing in it is secret."""

import os

from config.env import BASE_DIR, env, env_list, url_path

# Read `.env` before any setting does. Variables that are already set win over the file.
env.read_env(BASE_DIR / ".env")
os.environ.setdefault("EMAIL_URL", "consolemail://")
os.environ.setdefault("DJANGO_SECRET_KEY", "local-only-" * 6)
if not env.str("DATABASE_URL", ""):
    # Not available on Windows outside WSL: set DATABASE_URL there.
    from config.embedded_postgres import start_postgres

    os.environ["DATABASE_URL"] = start_postgres()
os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{env.str('PORT', '8000')}")

from config.settings.base import *  # noqa: E402

DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env_list("ALLOWED_HOSTS")]
ADMIN_URL = url_path("ADMIN_URL", "admin/")

# More checks of models and serializers in `manage.py check`.
INSTALLED_APPS = [*INSTALLED_APPS, "extra_checks"]

LOGGING["handlers"]["console"]["formatter"] = "readable"

from config.settings.components.project import *  # noqa: E402
