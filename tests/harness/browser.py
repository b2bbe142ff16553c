"""A real Chromium, and its error messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from tests.harness.commands import execute
from tests.harness.programs import require_program
from tests.harness.serving import HOST

# No background requests, no updates, no graphics card.
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Report each violation of the content security policy, including those that the console does not show.
_LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  complain(`${event.effectiveDirective} refuses ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass
class Browser:
    """A window of a browser.

    Attributes:
        page: The page that it shows.
        complaints: Refused or failed requests and error messages since it was opened.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Open a page, and wait until all its requests have finished."""
        self.page.goto(url, wait_until="networkidle")


@contextmanager
def browse() -> Iterator[Browser]:
    """Open a window that resolves `HOST` to this machine and accepts any certificate."""
    program = require_program("chromium", "google-chrome")
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=[*_QUIET, rules])
        context = chromium.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
        try:
            yield _watched(context)
        finally:
            chromium.close()


def _watched(context: BrowserContext) -> Browser:
    """Return a new window that collects complaints."""
    browser = Browser(context.new_page())

    def complain(complaint: str) -> None:
        browser.complaints.append(f"{browser.page.url}: {complaint}")

    def hear(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            complain(f"{line.type}: {line.text}")

    def look(response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            complain(f"{response.url} answers {response.status}")

    context.expose_function("complain", complain)
    context.add_init_script(_LISTEN)
    context.on("console", hear)
    context.on("response", look)
    context.on("requestfailed", lambda request: complain(f"{request.url} failed: {request.failure}"))
    context.on("weberror", lambda error: complain(f"error: {error.error}"))
    return browser


def make_certificate(directory: Path) -> Path:
    """Create a self-signed certificate for `HOST` and `127.0.0.1`, and return the file with it and its key."""
    file = directory / "certificate.pem"
    execute(
        *(require_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "1"),
        *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1"),
        *("-keyout", "key.pem", "-out", "certificate.pem"),
        directory=directory,
    )
    with file.open("a", encoding="utf-8") as stream:
        stream.write((directory / "key.pem").read_text(encoding="utf-8"))
    return file
