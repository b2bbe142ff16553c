"""Development: nothing but Python is needed, and nothing is secret."""

import os

from config.env import BASE_DIR, env, names, path_of

# Before anything reads the environment. What is already set wins over the file.
env.read_env(BASE_DIR / ".env")
os.environ.setdefault("EMAIL_URL", "consolemail://")
os.environ.setdefault("DJANGO_SECRET_KEY", "local-only-" * 6)
os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{env.str('PORT', '8000')}")

from config.settings.base import *  # noqa: E402

DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *names("ALLOWED_HOSTS")]
ADMIN_URL = path_of("ADMIN_URL", "admin/")

# Checks of models and serializers, with every `manage.py check`.
INSTALLED_APPS = [*INSTALLED_APPS, "extra_checks"]

LOGGING["handlers"]["console"]["formatter"] = "readable"
