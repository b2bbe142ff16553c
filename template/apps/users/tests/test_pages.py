import re

import pytest
from django.test import Client

from apps.users.links import password_reset_link
from apps.users.models import User
from apps.users.services import registration_create
from apps.users.tests.factories import PASSWORD
from apps.users.tests.mailbox import last_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """Return a client that has to send what a form holds."""
    return Client(enforce_csrf_checks=True)


def path_in_mail() -> str:
    """Return where the link of the last mail leads."""
    [path] = re.findall(r"https?://[^/]+(/account/\S+)$", last_mail().text, re.MULTILINE)
    return str(path)


def submit(browser: Client, path: str, **fields: str) -> tuple[int, str]:
    """Open a page, fill in its form, press its button, and return the status and the text of what comes."""
    page = browser.get(path)
    assert page.status_code == 200
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    answer = browser.post(path, {**hidden, **fields})
    return answer.status_code, answer.content.decode()


def test_the_link_of_a_registration_leads_to_a_page_whose_button_makes_the_account(browser: Client) -> None:
    registration_create(email="ada@example.com", password=PASSWORD)
    path = path_in_mail()

    browser.get(path)
    assert not User.objects.exists()  # what opens every link of a mail confirms nothing
    status, text = submit(browser, path)

    assert status == 200
    assert "Your address is confirmed" in text
    assert User.objects.get().email == "ada@example.com"
    assert submit(browser, path)[0] == 400


def test_the_link_of_a_reset_leads_to_a_page_that_changes_the_password(browser: Client, user: User) -> None:
    path = password_reset_link(user)

    status, text = submit(browser, path, new_password="short")
    assert status == 400
    assert "too short" in text
    assert "short" not in re.findall('value="([^"]*)"', text)
    assert submit(browser, path, new_password="")[0] == 400
    status, text = submit(browser, path, new_password="another long password")

    assert status == 200
    assert "Your password is changed" in text
    user.refresh_from_db()
    assert user.check_password("another long password")
    status, text = submit(browser, path, new_password="yet another password")
    assert status == 400
    assert "does not work" in text


@pytest.mark.parametrize("token", ["", "x", "<script>", "\0"])
@pytest.mark.parametrize("page", ["verify-email", "reset-password"])
def test_a_broken_link_is_told_so(browser: Client, page: str, token: str) -> None:
    status, text = submit(browser, f"/account/{page}/?token={token}", new_password="another long password")

    assert status == 400
    assert "This link does not work" in text
    assert "<script>" not in text


@pytest.mark.parametrize("page", ["verify-email", "reset-password"])
def test_pages_are_kept_by_nobody_and_bring_their_looks_from_here(browser: Client, page: str) -> None:
    answer = browser.get(f"/account/{page}/?token=x")

    assert "no-store" in answer["Cache-Control"]
    assert "style=" not in answer.content.decode()
    assert "<script" not in answer.content.decode()


def test_a_form_without_its_token_is_refused(browser: Client) -> None:
    assert browser.post("/account/verify-email/", {"token": "x"}).status_code == 403
