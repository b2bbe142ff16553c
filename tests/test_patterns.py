"""Every pattern of the source document is in `docs/patterns.md`, with a link to code."""

import re
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.paths import ROOT
from tests.harness.questions import Answers

PAGE = ROOT / "docs" / "patterns.md"

# The headings of "Django Production Engineering", of the phases that the example shows.
HEADINGS = {
    "Phase 2: ORM Mastery & Query Optimization": [
        "N+1 Query Prevention",
        "select_related vs prefetch_related Decision",
        "QuerySet Evaluation Rules",
        "Bulk Operations",
        "Database Functions & Expressions",
        "Index Strategy",
        "8 ORM Rules",
    ],
    "Phase 3: Django REST Framework (DRF)": [
        "Serializer Patterns",
        "Service Layer Pattern",
        "ViewSet Best Practices",
        "Pagination",
    ],
    "Phase 6: Caching Strategy": ["Cache Hierarchy", "Caching Patterns", "Cache Decision Guide"],
    "Phase 7: Background Tasks (Celery)": ["Celery Configuration", "Task Patterns", "6 Celery Rules"],
    "Phase 11: Common Patterns Library": ["Soft Delete Manager", "Multi-Tenant Pattern", "Webhook Handler"],
    "Phase 12: Django 5.x Features": ["GeneratedField", "Field Groups in Forms", "Database-Computed Default"],
}


def section(text: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of the same or a higher level."""
    level = heading.partition(" ")[0]
    (found,) = re.findall(rf"^{re.escape(heading)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def targets(text: str, folder: Path) -> list[Path]:
    """Return the files that links lead to."""
    return [folder / target for target in re.findall(r"\]\((\.\./[^)#]+)[^)]*\)", text)]


@pytest.mark.parametrize(
    ("phase", "heading"), [(phase, heading) for phase, headings in HEADINGS.items() for heading in headings]
)
def test_pattern_of_the_source_has_a_row_with_links(phase: str, heading: str) -> None:
    rows = section(PAGE.read_text(encoding="utf-8"), f"## {phase}").splitlines()

    (row,) = [row for row in rows if row.startswith(f"| {heading} |")]

    linked = targets(row, PAGE.parent)
    assert linked
    assert [path for path in linked if not path.is_file()] == []


@pytest.mark.parametrize("answers", [{}, {"features": ["example"]}], ids=["default", "without Celery"])
def test_links_of_a_project_lead_to_files(rendered: Render, answers: Answers) -> None:
    page = rendered(answers).path / "docs" / "patterns.md"

    linked = targets(page.read_text(encoding="utf-8"), page.parent)

    assert linked
    assert [path for path in linked if not path.is_file()] == []


def test_project_without_the_example_does_not_mention_it(rendered: Render) -> None:
    project = rendered({"features": ["celery", "docker", "sentry"]})

    texts = {path: path.read_text(encoding="utf-8") for path in sorted(project.path.rglob("*.md"))}
    assert texts
    assert [
        (path.name, found) for path, text in texts.items() for found in re.findall(r"patterns\.md|apps/orders", text)
    ] == []
