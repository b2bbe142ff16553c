from typing import Any

import pytest

from apps.core.redaction import redact

SECRET = "not-for-the-log"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "new_password", "password1", "passphrase", "pwd", "secret", "client_secret", "SECRET_KEY"),
        *("token", "access_token", "refreshToken", "csrfmiddlewaretoken", "jwt", "authorization", "HTTP_AUTHORIZATION"),
        *("cookie", "Set-Cookie", "api_key", "X-API-Key", "private_key", "jwt_signing_keys", "credentials"),
        *("dsn", "DATABASE_DSN", "sessionid", "session_key"),
    ],
)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}, SECRET.encode()])
def test_secret_field_is_redacted(name: str, value: Any) -> None:
    assert redact(None, "", {name: value, "nested": [{"deeper": ({name: value},)}]}) == {
        name: "***",
        "nested": [{"deeper": [{name: "***"}]}],
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"token_count": 7, "token_type": "Bearer", "max_tokens": 4096, "password_set": True, "secret": None},
        {"event": "token_refreshed", "path": "/token/", "author": "Ada", "key": "a", "monkey": "b", "compass": "c"},
        {"text": "https://example.com/a@b?c=d", "email": "ada@example.com", "ids": ["a", 1]},
    ],
)
def test_other_fields_and_numbers_are_kept(fields: dict[str, Any]) -> None:
    assert redact(None, "", dict(fields)) == fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "cannot reach redis://:hunter2@redis.example.com:6379/0",
            "cannot reach redis://:***@redis.example.com:6379/0",
        ),
        ("postgres://user:hunter2@db/app, amqp://me:hunter2@mq", "postgres://user:***@db/app, amqp://me:***@mq"),
    ],
)
def test_password_in_a_url_is_redacted(text: str, expected: str) -> None:
    assert redact(None, "", {"exception": text}) == {"exception": expected}


def test_redaction_does_not_change_what_is_logged() -> None:
    nested = {"password": SECRET}

    redact(None, "", {"nested": nested})

    assert nested == {"password": SECRET}


def test_secret_field_with_a_bytes_name_is_redacted() -> None:
    assert SECRET not in str(redact(None, "", {"headers": {b"cookie": SECRET}}))
