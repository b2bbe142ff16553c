"""What `docs/patterns.md` points at is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import BASE_DIR

PAGE = BASE_DIR / "docs" / "patterns.md"
# A text, or a name in backticks, and the file that it leads to.
LINKS = sorted(set(re.findall(r"\[(`?)([^\]`]+)\1\]\(([^)#]+)[^)]*\)", PAGE.read_text(encoding="utf-8"))))


def names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what is defined in a module or a class: functions, classes, variables."""
    for statement in body:
        match statement:
            case ast.ClassDef():
                yield statement.name
                yield from (f"{statement.name}.{name}" for name in names(statement.body))
            case ast.FunctionDef():
                yield statement.name
            case ast.Assign():
                yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(name)):
                yield name


@pytest.mark.parametrize(("is_name", "text", "target"), LINKS, ids=[f"{text}-{target}" for _, text, target in LINKS])
def test_a_link_leads_to_a_file_and_its_text_to_a_definition(is_name: str, text: str, target: str) -> None:
    path: Path = PAGE.parent / target

    assert path.is_file()
    if is_name:
        assert text in set(names(ast.parse(path.read_text(encoding="utf-8")).body))


@pytest.mark.parametrize("heading", ["select_related vs prefetch_related Decision", "Cache Decision Guide"])
def test_what_a_guide_advises_is_done_somewhere(heading: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| .+", section, re.MULTILINE)[1:]

    assert rows
    assert [row for row in rows if not re.search(r"\[`[^`]+`\]\(\.\./[^)]+\.py\)", row)] == []


def test_there_are_links() -> None:
    assert len(LINKS) > 50
