import pytest
from django.test import Client

from apps.users.tests.test_pages import both_pages

pytestmark = pytest.mark.django_db


@both_pages
def test_page_is_not_cached_and_refuses_a_form_without_csrf_token(page: str) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert "no-store" in browser.get(f"/account/{page}/?token=x")["Cache-Control"]
    assert browser.post(f"/account/{page}/", {"token": "x"}).status_code == 403
