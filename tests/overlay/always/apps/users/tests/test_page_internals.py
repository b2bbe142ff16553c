import pytest
from django.test import Client

from apps.users.email_tokens import password_reset_link
from apps.users.models import User
from apps.users.services import registration_create
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, last_email, link_in
from apps.users.tests.test_pages import both_pages, browser, submit

__all__ = ["browser"]

pytestmark = pytest.mark.django_db


@both_pages
def test_page_is_not_cached_and_refuses_a_form_without_csrf_token(browser: Client, page: str) -> None:
    assert "no-store" in browser.get(f"/account/{page}/?token=x")["Cache-Control"]
    assert browser.post(f"/account/{page}/", {"token": "x"}).status_code == 403


def test_pages_say_what_happened(browser: Client, user: User) -> None:
    registration_create(email="ada@example.com", password=PASSWORD)
    verify, reset = link_in(last_email()), password_reset_link(user)

    assert "Your email address is confirmed" in submit(browser, verify)[1]
    assert "This link does not work" in submit(browser, verify)[1]
    assert "too short" in submit(browser, reset, new_password="short")[1]
    assert "Your password is changed" in submit(browser, reset, new_password=NEW_PASSWORD)[1]
    assert "This link does not work" in submit(browser, reset, new_password=NEW_PASSWORD)[1]


@both_pages
@pytest.mark.parametrize("token", ["", "x", "<script>", "\0"])
def test_invalid_link_is_explained(browser: Client, page: str, token: str) -> None:
    text = submit(browser, f"/account/{page}/?token={token}", new_password=NEW_PASSWORD)[1]

    assert "This link does not work" in text
