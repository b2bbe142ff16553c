"""Staging: production with a name of its own and a shorter memory."""

from config.settings.production import *

# A mistake with TLS on a trial host should not last a year. Nor is it preloaded then, which asks for a year.
SECURE_HSTS_SECONDS = 3_600
