"""Sphinx's configuration: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

REPOSITORY = Path(__file__).resolve().parent.parent
# For `extensions`, which is part of this repository and not installed.
sys.path.insert(0, str(REPOSITORY))

from extensions.pages import render_page  # noqa: E402

project = "django-mainstay"
copyright = "2026, django-mainstay contributors"  # noqa: A001 - the name is Sphinx's
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3

html_theme = "furo"
html_title = project
html_copy_source = False


def render_reference(_app: Sphinx, page: str, source: list[str]) -> None:
    """Render the Jinja tags of a page under `reference/` before Sphinx reads it."""
    if page.startswith("reference/"):
        source[0] = render_page(source[0], REPOSITORY)


def reread_reference(app: Sphinx, *_changes: object) -> list[str]:
    """Return the generated pages, which are always out of date: their content comes from other files."""
    return sorted(page for page in app.project.docnames if page.startswith("reference/"))


def setup(app: Sphinx) -> None:
    """Connect the two to Sphinx."""
    app.connect("source-read", render_reference)
    app.connect("env-get-outdated", reread_reference)
