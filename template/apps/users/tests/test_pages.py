import re

import pytest
from django.test import Client

from apps.users.email_tokens import password_reset_link
from apps.users.models import User
from apps.users.services import registration_create
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, last_email, link_in

pytestmark = pytest.mark.django_db

both_pages = pytest.mark.parametrize("page", ["verify-email", "reset-password"])


@pytest.fixture
def browser() -> Client:
    """Return a client that must send the CSRF token of a form."""
    return Client(enforce_csrf_checks=True)


def submit(browser: Client, url: str, **fields: str) -> tuple[int, str]:
    """Open a page, submit its form, and return the status and the text of the response."""
    page = browser.get(url)
    assert page.status_code == 200
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    response = browser.post(url, {**hidden, **fields})
    return response.status_code, response.content.decode()


def test_verify_email_page_creates_the_account_when_submitted(browser: Client) -> None:
    registration_create(email="ada@example.com", password=PASSWORD)
    url = link_in(last_email())

    browser.get(url)
    assert not User.objects.exists()  # mail scanners open every link
    assert submit(browser, url)[0] == 200
    assert User.objects.get().email == "ada@example.com"
    assert submit(browser, url)[0] == 400


def test_reset_password_page_changes_the_password(browser: Client, user: User) -> None:
    url = password_reset_link(user)

    status, text = submit(browser, url, new_password="short")
    assert status == 400
    assert "short" not in re.findall('value="([^"]*)"', text)
    assert submit(browser, url, new_password="")[0] == 400
    assert submit(browser, url, new_password=NEW_PASSWORD)[0] == 200

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


@both_pages
@pytest.mark.parametrize("token", ["", "x", "<script>", "\0"])
def test_invalid_link_is_refused(browser: Client, page: str, token: str) -> None:
    status, text = submit(browser, f"/account/{page}/?token={token}", new_password=NEW_PASSWORD)

    assert status == 400
    assert "<script>" not in text
