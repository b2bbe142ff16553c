"""The settings of each environment, as the template ships them."""

import json
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from config.env import require
from tests.effective import complete, listed_variables, show
from tests.test_settings import load, required_variables

# Read by Django itself and by gunicorn's configuration, not by the settings.
PROCESS_VARIABLES = {
    "DJANGO_SETTINGS_MODULE",
    "DRAIN_SECONDS",
    "PORT",
    "WEB_CONCURRENCY",
    "WEB_KEEPALIVE",
    "WEB_MAX_REQUESTS",
    "WEB_THREADS",
}


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    return show(complete())


@pytest.fixture(scope="module")
def with_options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the settings with the optional variables set, and the secret key in a file."""
    secret = tmp_path_factory.mktemp("secrets") / "key"
    secret.write_text("key-from-a-file-0123456789-0123456789-0123456789-abc\n")
    environment = complete(
        DJANGO_SECRET_KEY_FILE=str(secret),
        ALLOWED_HOSTS="a.example, b.example,",
        CORS_ORIGINS="https://a.example,https://b.example",
        EMAIL_URL="smtp+tls://me:pass@mail.example.com:587",
        JWT_SIGNING_KEYS=f"{'new' * 11},{'old' * 11}",
        SITE_URL="https://app.example.com/",
        API_THROTTLE_RATES="user=5000/hour,reports=2/day",
        SECURE_SSL_REDIRECT="false",
        SECURE_HSTS_SECONDS="3600",
        SECURE_HSTS_INCLUDE_SUBDOMAINS="0",
        SECURE_HSTS_PRELOAD="no",
    )
    del environment["DJANGO_SECRET_KEY"]
    return show(environment)


class TestRequire:
    def test_every_missing_variable_is_named_in_one_message(self) -> None:
        result = load("production", {})

        assert result.returncode != 0
        message = result.stderr[result.stderr.index("ImproperlyConfigured") :]
        assert [name for name in required_variables() if f"{name} is not set" not in message] == []

    def test_empty_value_counts_as_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DJANGO_SECRET_KEY", " ")

        with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY is not set"):
            require("DJANGO_SECRET_KEY")

    def test_staging_refuses_every_unsafe_value_in_one_message(self) -> None:
        result = load("staging", complete(DEBUG="1", ALLOWED_HOSTS="*", ADMIN_URL="/admin/"))

        assert result.returncode != 0
        assert [name for name in ("DEBUG", "ALLOWED_HOSTS", "ADMIN_URL") if f"- {name} " not in result.stderr] == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DEBUG", "True"),
            ("DEBUG", "yes"),
            ("ALLOWED_HOSTS", "example.com,*.example.com"),
            ("ALLOWED_HOSTS", ".example.com"),
            ("ADMIN_URL", "Admin"),
            ("ADMIN_URL", "/"),
            ("ADMIN_URL", "api/v1"),
            ("ADMIN_URL", "account"),
            ("ADMIN_URL", "<path>"),
            ("JWT_SIGNING_KEYS", f"{'x' * 32},too-short"),
            ("SITE_URL", "app.example.com"),
            ("SITE_URL", "http://app.example.com"),
            ("SITE_URL", "https://"),
            ("SITE_URL", "https://app.example.com/?a=b"),
            ("API_THROTTLE_RATES", "user=many"),
            ("API_THROTTLE_RATES", "user"),
            ("NUM_PROXIES", "-1"),
            ("NUM_PROXIES", "one"),
            ("DJANGO_SECRET_KEY_FILE", "/nowhere/key"),
            ("ADMIN_URL_FILE", "/nowhere/path"),
        ],
    )
    def test_unsafe_value_is_refused(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv("DJANGO_SECRET_KEY", "set")
        monkeypatch.setenv(name, value)

        with pytest.raises(ImproperlyConfigured, match=name):
            require("DJANGO_SECRET_KEY")

    @pytest.mark.parametrize("value", ["", "0", "False", "off"])
    def test_debug_that_is_off_is_accepted(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("DEBUG", value)

        require()


def test_spaces_around_hosts_are_stripped(with_options: dict[str, Any]) -> None:
    assert with_options["ALLOWED_HOSTS"] == ["a.example", "b.example"]


def test_variable_is_read_from_a_file(with_options: dict[str, Any]) -> None:
    assert with_options["SECRET_KEY"] == "key-from-a-file-0123456789-0123456789-0123456789-abc"


class TestProduction:
    def test_settings_come_from_the_environment(self, production: dict[str, Any]) -> None:
        assert production["SECRET_KEY"] == required_variables()["DJANGO_SECRET_KEY"]
        assert production["ALLOWED_HOSTS"] == ["api.example.com", "example.com"]
        assert production["ADMIN_URL"] == "back-office/"
        assert production["DEBUG"] is False

    def test_tls_is_enforced_by_default(self, production: dict[str, Any]) -> None:
        assert production["SECURE_SSL_REDIRECT"] is True
        assert production["SECURE_HSTS_SECONDS"] == 60
        assert production["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
        assert production["SECURE_HSTS_PRELOAD"] is True
        assert production["SESSION_COOKIE_SECURE"] is True
        assert production["CSRF_COOKIE_SECURE"] is True
        assert production["SESSION_COOKIE_HTTPONLY"] is True

    def test_environment_switches_tls_redirect_and_hsts(self, with_options: dict[str, Any]) -> None:
        assert with_options["SECURE_SSL_REDIRECT"] is False
        assert with_options["SECURE_HSTS_SECONDS"] == 3600
        assert with_options["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
        assert with_options["SECURE_HSTS_PRELOAD"] is False

    def test_only_named_origins_may_call(self, production: dict[str, Any], with_options: dict[str, Any]) -> None:
        assert production["CORS_ALLOWED_ORIGINS"] == []
        assert not production.get("CORS_ALLOW_ALL_ORIGINS")
        assert not production.get("CORS_ALLOW_CREDENTIALS")
        assert with_options["CORS_ALLOWED_ORIGINS"] == ["https://a.example", "https://b.example"]

    def test_sessions_survive_a_redis_restart(self, production: dict[str, Any]) -> None:
        assert production["SESSION_ENGINE"] == "django.contrib.sessions.backends.cached_db"

    def test_cache_is_redis_and_its_errors_are_ignored(self, production: dict[str, Any]) -> None:
        cache = production["CACHES"]["default"]
        assert cache["BACKEND"] == "django_redis.cache.RedisCache"
        assert cache["LOCATION"] == required_variables()["REDIS_URL"]
        assert cache["OPTIONS"]["IGNORE_EXCEPTIONS"] is True

    def test_static_files_have_hashed_names(self, production: dict[str, Any]) -> None:
        backend = production["STORAGES"]["staticfiles"]["BACKEND"]
        assert backend == "whitenoise.storage.CompressedManifestStaticFilesStorage"

    def test_database_connections_are_checked_and_time_out(self, production: dict[str, Any]) -> None:
        database = production["DATABASES"]["default"]
        assert database["ENGINE"] == "django.db.backends.postgresql"
        assert database["CONN_HEALTH_CHECKS"] is True
        assert database["OPTIONS"]["connect_timeout"] == 3
        # Only these notice a host that vanishes during a query.
        assert {"keepalives_idle", "keepalives_interval", "tcp_user_timeout"} <= set(database["OPTIONS"])

    def test_requests_are_throttled_by_client(self, production: dict[str, Any]) -> None:
        rates = production["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]
        assert (rates["anon"], rates["user"]) == ("100/hour", "1000/hour")
        assert {"token", "register", "reset", "verify"} <= set(rates)
        assert production["REST_FRAMEWORK"]["DEFAULT_THROTTLE_CLASSES"] == ["apps.core.throttling.RateThrottle"]
        assert production["NUM_PROXIES"] == 1

    def test_environment_replaces_and_adds_throttle_rates(self, with_options: dict[str, Any]) -> None:
        rates = with_options["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]
        assert (rates["user"], rates["reports"], rates["anon"]) == ("5000/hour", "2/day", "100/hour")

    def test_passwords_are_hashed_with_argon2(self, production: dict[str, Any], settings: Settings) -> None:
        settings.PASSWORD_HASHERS = production["PASSWORD_HASHERS"]

        hashed = make_password("correct horse")

        assert hashed.startswith("argon2")
        assert check_password("correct horse", hashed)

    def test_tokens_are_signed_with_their_own_key(
        self, production: dict[str, Any], with_options: dict[str, Any]
    ) -> None:
        [derived] = production["JWT_SIGNING_KEYS"]
        assert required_variables()["DJANGO_SECRET_KEY"] not in derived
        assert len(derived) >= 32
        assert production["SIMPLE_JWT"]["SIGNING_KEY"] == derived
        assert with_options["JWT_SIGNING_KEYS"] == ["new" * 11, "old" * 11]
        assert with_options["SIMPLE_JWT"]["SIGNING_KEY"] == "new" * 11

    def test_email_links_lead_to_site_url(self, production: dict[str, Any], with_options: dict[str, Any]) -> None:
        assert production["SITE_URL"] == f"https://{production['DOMAIN_NAME']}"
        assert with_options["SITE_URL"] == "https://app.example.com"

    def test_logs_are_json(self, production: dict[str, Any]) -> None:
        assert production["LOGGING"]["handlers"]["console"]["formatter"] == "json"
        assert production["LOGGING"]["disable_existing_loggers"] is False


def test_staging_has_the_settings_of_production(production: dict[str, Any]) -> None:
    staging = show(complete(), "staging")

    differing = {name for name in production if staging.get(name) != production[name]}
    assert differing == {"SETTINGS_MODULE"}


@pytest.mark.parametrize("environment", ["local", "test", "staging", "production"])
def test_project_settings_win_in_every_environment(environment: str) -> None:
    code = """
import json
from config.settings.components import project
project.PROJECT_THROTTLE_RATES = {"user": "7/min"}
project.SECURE_SSL_REDIRECT = project.DEBUG = "mine"
from django.conf import settings
print(json.dumps([settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["user"], settings.SECURE_SSL_REDIRECT, settings.DEBUG]))
"""
    result = load(environment, complete(), code)

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == ["7/min", "mine", "mine"]


def test_development_needs_no_environment_variable() -> None:
    local = show({}, "local")

    assert "locmem" in local["CACHES"]["default"]["BACKEND"]
    assert local["LOGGING"]["handlers"]["console"]["formatter"] == "readable"
    assert "console" in (local["EMAIL_BACKEND"] if django.VERSION < (6, 0) else local["MAILERS"]["default"]["BACKEND"])


def test_production_sends_mail_by_smtp(production: dict[str, Any]) -> None:
    old = django.VERSION < (6, 0)
    assert "smtp" in (production["EMAIL_BACKEND"] if old else production["MAILERS"]["default"]["BACKEND"])


def test_email_backend_of_a_provider_gets_no_options_of_smtp() -> None:
    settings = show(complete(EMAIL_BACKEND="anymail.backends.test.EmailBackend"))
    if django.VERSION < (6, 0):
        assert settings["EMAIL_BACKEND"] == "anymail.backends.test.EmailBackend"
    else:
        assert settings["MAILERS"]["default"] == {"BACKEND": "anymail.backends.test.EmailBackend", "OPTIONS": {}}


def test_mail_goes_to_email_url_and_times_out(with_options: dict[str, Any]) -> None:
    if django.VERSION < (6, 0):
        assert (with_options["EMAIL_HOST"], with_options["EMAIL_PORT"]) == ("mail.example.com", 587)
        assert with_options["EMAIL_USE_TLS"] is True
        assert with_options["EMAIL_TIMEOUT"] == 5
    else:
        options = with_options["MAILERS"]["default"]["OPTIONS"]
        assert (options["host"], options["port"]) == ("mail.example.com", 587)
        assert options["use_tls"] is True
        assert options["timeout"] == 5


def test_every_variable_of_the_example_can_come_from_a_file(production: dict[str, Any], tmp_path: Path) -> None:
    listed = listed_variables()
    examples = complete(
        CELERY_WORKER_CONCURRENCY="7",
        CORS_ORIGINS="https://app.example.com",
        DATABASE_POOL_SIZE="4",
        DATABASE_STATEMENT_TIMEOUT="1000",
        DEFAULT_FROM_EMAIL="hello@example.com",
        HEARTBEAT_FILE="/run/heartbeat",
        JWT_SIGNING_KEYS="x" * 32,
        LOG_LEVEL="ERROR",
        EMAIL_BACKEND="anymail.backends.test.EmailBackend",
        API_THROTTLE_RATES="user=5000/hour",
        NUM_PROXIES="2",
        OTEL_EXPORTER_OTLP_HEADERS="key=value",
        OTEL_SERVICE_NAME="canary",
        SECURE_HSTS_SECONDS="3600",
        SECURE_HSTS_INCLUDE_SUBDOMAINS="false",
        SECURE_HSTS_PRELOAD="false",
        SECURE_SSL_REDIRECT="false",
        SENTRY_DSN="https://key@sentry.example.com/1",
        SITE_URL="https://app.example.com",
        SLOW_QUERY_SECONDS="2.0",
    )
    variables = {name: examples.get(name, value) for name, value in listed.items() if name not in PROCESS_VARIABLES}
    for name, value in variables.items():
        (tmp_path / name).write_text(f"{value}\n")

    given, from_files = show(variables), show({f"{name}_FILE": str(tmp_path / name) for name in variables})

    assert from_files == given
    optional = variables.keys() - required_variables().keys()
    unchanged = {name for name in optional if given["read"].get(name) == production["read"].get(name)}
    assert unchanged == set()


def test_the_example_lists_the_variables_that_settings_read(production: dict[str, Any]) -> None:
    listed = set(listed_variables())
    # `require` looks for DEBUG only to refuse it.
    assert set(production["read"]) - listed == {"DEBUG"}
    assert listed - set(production["read"]) <= PROCESS_VARIABLES
