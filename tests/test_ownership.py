"""A team can change what it owns: the checks and tests of its project still pass, and its settings win."""

import json

import pytest

from tests.conftest import Render
from tests.harness.postgres import Postgres
from tests.harness.serving import production_variables

pytestmark = pytest.mark.served

PROJECT = "config/settings/components/project.py"

# What a team might put into `project.py`.
SETTINGS = '''"""Our settings."""

from celery.schedules import crontab

from config.env import env
from config.settings.components.api import REST_FRAMEWORK
from config.settings.components.auth import AUTH_PASSWORD_VALIDATORS
from config.settings.components.http import MIDDLEWARE
from config.settings.components.logging import LOGGING

SCOPES = ["anon", "user", "token", "password", "verify", "reset", "mail", "refresh", "register", "reports"]
PROJECT_THROTTLE_RATES = dict.fromkeys(SCOPES, "3/min")
PROJECT_TASK_QUEUES: dict[str, dict[str, object]] = {"reports": {}}
PROJECT_TASK_ROUTES = {"apps.mail.tasks.*": {"queue": "reports"}, "apps.billing.tasks.*": {"queue": "bulk"}}
PROJECT_BEAT_SCHEDULE = {"prune": {"task": "apps.users.tasks.clear_expired_task", "schedule": crontab(hour="1")}}

SECURE_SSL_REDIRECT = False
SILENCED_SYSTEM_CHECKS = ["security.W008"]
STRIPE_KEY = env.str("STRIPE_KEY", "")
TIME_ZONE = "Europe/Berlin"
LANGUAGE_CODE = "de"
DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000
BASIC = "rest_framework.authentication.BasicAuthentication"
AUTHENTICATION = [BASIC, *REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"]]
REST_FRAMEWORK = {**REST_FRAMEWORK, "PAGE_SIZE": 30, "DEFAULT_AUTHENTICATION_CLASSES": AUTHENTICATION}
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
NUM_PROXIES = 2
AUTH_PASSWORD_VALIDATORS = [*AUTH_PASSWORD_VALIDATORS, {"NAME": "config.passwords.CapitalAndDigitValidator"}]
MIDDLEWARE = [*MIDDLEWARE, "django.middleware.http.ConditionalGetMiddleware"]
LOGGING["loggers"]["stripe"] = {"level": "WARNING"}
'''

VALIDATOR = '''"""A rule for passwords."""

from django.core.exceptions import ValidationError


class CapitalAndDigitValidator:
    """Refuse passwords without a capital or a digit."""

    def validate(self, password: str, _user: object = None) -> None:
        """Check a password."""
        if password.lower() == password or not any(character.isdigit() for character in password):
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        """Return the rule."""
        return "A password has a capital and a digit."
'''


def test_team_changes_its_settings_and_every_check_and_test_passes(
    install_project: Render, postgres: Postgres, redis_url: str
) -> None:
    project = install_project({})
    services = {"DATABASE_URL": postgres.create_database("ownership"), "REDIS_URL": redis_url}
    celery = "config/settings/components/celery.py"

    project.write(PROJECT, SETTINGS)
    project.write("config/passwords.py", VALIDATOR)
    project.append("config/settings/staging.py", '\nSECURE_HSTS_SECONDS = 300\nEMAIL_SUBJECT_PREFIX = "[staging] "\n')
    project.replace("config/settings/production.py", '    "ADMIN_URL",\n', '    "ADMIN_URL",\n    "STRIPE_KEY",\n')
    project.replace("Makefile", "\tADMIN_URL=check/\n", "\tADMIN_URL=check/ STRIPE_KEY=check\n")
    project.write(celery, project.read(celery).replace('hour="3-5"', 'hour="20-22"'))
    project.write(celery, project.read(celery).replace("TIME_LIMIT = 240", "TIME_LIMIT = 120"))
    project.replace("config/settings/components/auth.py", "AXES_FAILURE_LIMIT = 5", "AXES_FAILURE_LIMIT = 8")
    project.replace("apps/orders/services.py", "timedelta(days=7)", "timedelta(days=14)")
    project.replace("apps/orders/confirmation.py", "timedelta(minutes=1)", "timedelta(minutes=10)")
    project.replace("apps/mail/delivery.py", "MAX_BACKOFF_MINUTES = 60", "MAX_BACKOFF_MINUTES = 2")
    project.make("format")
    project.make("check")
    project.test(services)

    variables = {**production_variables(services["DATABASE_URL"], redis_url), "STRIPE_KEY": "live"}
    for environment in ("local", "test", "staging", "production"):
        code = (
            "import json; from django.conf import settings as s;"
            "print(json.dumps([s.SECURE_SSL_REDIRECT, s.REST_FRAMEWORK['DEFAULT_THROTTLE_RATES']['user'],"
            " s.REST_FRAMEWORK['DEFAULT_THROTTLE_RATES']['register'], sorted(s.CELERY_TASK_QUEUES),"
            " s.CELERY_TASK_ROUTES['apps.mail.tasks.*'], 'prune' in s.CELERY_BEAT_SCHEDULE,"
            " 'django.middleware.http.ConditionalGetMiddleware' in s.MIDDLEWARE,"
            " 'zeal.middleware.zeal_middleware' in s.MIDDLEWARE, s.NUM_PROXIES]))"
        )
        env = {**variables, "DJANGO_SETTINGS_MODULE": f"config.settings.{environment}"}
        assert json.loads(project.python("-c", code, env=env).stdout.splitlines()[-1]) == [
            False,
            "3/min",
            "3/min",
            ["bulk", "critical", "default", "reports"],
            {"queue": "reports"},
            True,
            True,
            environment == "test",
            2,
        ]
