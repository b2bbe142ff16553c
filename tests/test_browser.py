"""Admin, API documentation and account pages work in a real browser under the production content security policy."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import Render
from tests.harness.browser import Browser, browse, make_certificate
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.project import Project
from tests.harness.questions import Answers
from tests.harness.serving import HOST, serve

pytestmark = pytest.mark.served

# Opens a path of the served project.
Visit = Callable[[str], None]

EMAIL = "owner@example.com"
PASSWORD = "correct horse battery staple"  # noqa: S105 - the database is deleted with the test

VARIANTS: dict[str, Answers] = {
    "5.2 wsgi": {"django_version": "5.2", "server": "wsgi"},
    "6.1 asgi": {"django_version": "6.1", "server": "asgi"},
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return the folder for screenshots. `make screenshots` sets it to that of the documentation."""
    return Path(os.environ.get("SCREENSHOTS", tmp_path))


@contextmanager
def opened(
    project: Project, variables: dict[str, str], folder: Path
) -> Iterator[tuple[Browser, Callable[[str], None]]]:
    """Serve a project with production settings over TLS, and yield a browser and a function that opens a path."""
    variables = {**variables, "DJANGO_SUPERUSER_EMAIL": EMAIL, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    project.python("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=variables)
    application = f"config.{project.answers['server']}:application"
    certificate = make_certificate(folder)
    with serve(project, variables, application=application, certificate=certificate) as address, browse() as browser:
        project.python("manage.py", "createsuperuser", "--noinput", env=variables)
        here = address.replace("127.0.0.1", HOST)
        yield browser, lambda path: browser.open(here + path)


def use_the_admin(page: Page, visit: Visit, pictures: Path) -> None:
    """Sign in, and use lists and forms with every kind of scripted widget."""
    visit("/back-office/")
    page.screenshot(path=pictures / "admin-login.png")
    page.fill("[name=username]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")

    visit("/back-office/users/user/")
    page.click("#result_list tbody th a")
    page.click("#calendarlink0")
    page.wait_for_selector("#calendarbox0 .calendar", state="visible")
    visit("/back-office/users/user/add/")
    visit("/back-office/catalog/category/add/")
    page.type("[name=name]", "Garden tools")
    assert page.input_value("[name=slug]") == "garden-tools"
    visit("/back-office/catalog/product/add/")
    page.click(".select2-selection")
    page.wait_for_selector(".select2-results__message")
    for name in ("catalog/product", "orders/order"):
        visit(f"/back-office/{name}/")


def read_the_documentation(page: Page, visit: Visit, pictures: Path) -> None:
    """Open both documentation pages, and wait for the operations."""
    visit("/api/docs/")
    page.click(".opblock-post >> nth=0")
    page.wait_for_selector(".opblock-body")
    assert page.locator(".opblock").count() > 10
    visit("/api/docs/")
    page.wait_for_selector(".opblock")
    page.screenshot(path=pictures / "api-docs.png")
    visit("/api/redoc/")
    page.wait_for_selector("[data-section-id*='operation/']")
    assert page.locator("[data-section-id*='operation/']").count() > 10


@pytest.mark.parametrize("answers", VARIANTS.values(), ids=VARIANTS)
def test_pages_work_under_the_production_content_security_policy(
    answers: Answers, render_project: Render, variables: dict[str, str], tmp_path: Path, pictures: Path
) -> None:
    project = share_environment(render_project(answers), PRODUCTION)
    with opened(project, variables, tmp_path) as (browser, visit):
        use_the_admin(browser.page, visit, pictures)
        read_the_documentation(browser.page, visit, pictures)
        for path in ("/account/verify-email/?token=x", "/account/reset-password/?token=x"):
            visit(path)
        # The policy refuses Redoc the logo of its vendor, as it should.
        assert [complaint for complaint in browser.complaints if "cdn.redoc.ly" not in complaint] == []


def test_content_security_policy_violation_is_reported(
    render_project: Render, variables: dict[str, str], tmp_path: Path
) -> None:
    project = share_environment(render_project(VARIANTS["5.2 wsgi"]), PRODUCTION)
    project.replace("config/settings/components/security.py", '"script-src": [SELF, NONCE]', '"script-src": [NONE]')
    with opened(project, variables, tmp_path) as (browser, visit):
        for path, script in {"/back-office/": "theme.", "/api/docs/": "swagger-ui-bundle."}.items():
            visit(path)
            assert [line for line in browser.complaints if "script-src" in line and script in line], path
