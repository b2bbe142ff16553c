"""Staging: production, with HSTS for an hour, so that a mistake with TLS does not last a year."""

from config.env import env
from config.settings.production import *

SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 3_600)

from config.settings.components.project import *  # noqa: E402
