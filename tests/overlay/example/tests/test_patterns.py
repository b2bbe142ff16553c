"""Every link of `docs/patterns.md` leads to a file, and every linked name to a definition in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import BASE_DIR

PAGE = BASE_DIR / "docs" / "patterns.md"
# The text of a link, whether it is a name in backticks, and the file.
LINKS = sorted(set(re.findall(r"\[(`?)([^\]`]+)\1\]\(([^)#]+)[^)]*\)", PAGE.read_text(encoding="utf-8"))))


def definitions(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names of functions, classes and variables of a module or class."""
    for statement in body:
        match statement:
            case ast.ClassDef():
                yield statement.name
                yield from (f"{statement.name}.{name}" for name in definitions(statement.body))
            case ast.FunctionDef():
                yield statement.name
            case ast.Assign():
                yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(name)):
                yield name


@pytest.mark.parametrize(("is_name", "text", "target"), LINKS, ids=[f"{text}-{target}" for _, text, target in LINKS])
def test_link_leads_to_a_definition(is_name: str, text: str, target: str) -> None:
    path: Path = PAGE.parent / target

    assert path.is_file()
    if is_name:
        assert text in set(definitions(ast.parse(path.read_text(encoding="utf-8")).body))


def test_page_has_links() -> None:
    assert len(LINKS) > 40
