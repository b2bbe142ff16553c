"""Tests: real services, and nothing that reaches outside."""

import os

from tests.services import start_services

# Sets DATABASE_URL and REDIS_URL where they are unset, before settings read them.
start_services()
# Tests that let many call at once want a connection for each.
os.environ.setdefault("DATABASE_POOL_SIZE", "80")
os.environ["DJANGO_SECRET_KEY"] = "test-only-" * 6

from config.settings.base import *  # noqa: E402

DEBUG = False
ADMIN_URL = "admin/"

# Hashing is slow on purpose; tests that need the real one ask for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Files are served as they are: no manifest, so no `collectstatic` before the tests.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Looks for files when they are asked for, so no folder of collected files has to exist.
WHITENOISE_AUTOREFRESH = True

# An N+1 query fails the test that causes it. https://github.com/taobojlen/django-zeal
INSTALLED_APPS = [*INSTALLED_APPS, "extra_checks", "zeal"]
ZEAL_RAISE = True
