"""Create an app in `apps/` and register it in the two files that are yours. Run by `make app NAME=billing`."""

import ast
import keyword
import re
import sys
from pathlib import Path

SETTINGS = Path("config/settings/components")

FILES = {
    "__init__.py": '"""{title}."""\n',
    "apps.py": '"""The app configuration of {name}."""\n\nfrom django.apps import AppConfig\n\n\n'
    'class {title}Config(AppConfig):\n    """{title}."""\n\n    name = "apps.{name}"\n',
    "models.py": '"""The models of {name}."""\n',
    "selectors.py": '"""Queries of {name}."""\n',
    "services.py": '"""Operations that change {name}. Each function is one transaction."""\n',
    "urls.py": '"""Routes under `/api/v1/{name}/`."""\n\nfrom django.urls import URLPattern\n\n'
    'app_name = "{name}"\n\nurlpatterns: list[URLPattern] = []\n',
    "migrations/__init__.py": '"""Migrations of {name}."""\n',
    "tests/__init__.py": '"""Tests of {name}."""\n',
    "tests/endpoints.py": '"""The endpoints of {name}, which `tests/test_endpoints.py` calls."""\n\n'
    "from tests.endpoint import Endpoint\n\nENDPOINTS: list[Endpoint] = []\n",
}


def find_list(source: str, variable: str) -> ast.List | None:
    """Return the list that a module assigns to a variable, or None."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.List):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if [ast.unparse(target) for target in targets] == [variable]:
                return node.value
    return None


def insert(source: str, node: ast.expr | ast.stmt, text: str, *, before_end: int = 0) -> str:
    """Return the source with a text at the end of a node, or some characters before its end."""
    lines = source.split("\n")
    number = (node.end_lineno or 1) - 1
    # `ast` counts columns in bytes.
    line, column = lines[number].encode(), (node.end_col_offset or 0) - before_end
    lines[number] = b"".join([line[:column], text.encode(), line[column:]]).decode()
    return "\n".join(lines)


def append_item(source: str, variable: str, item: str) -> str:
    """Return the source with an item at the end of a list.

    Raises:
        ValueError: The module does not assign a plain list to the variable.
    """
    found = find_list(source, variable)
    if found is None:
        raise ValueError(variable)
    changed = insert(source, found.elts[-1], f", {item}") if found.elts else insert(source, found, item, before_end=1)
    again = find_list(changed, variable)
    if again is None or len(again.elts) != len(found.elts) + 1:
        raise ValueError(variable)
    return changed


def add_import(source: str, module: str, names: set[str]) -> str:
    """Return the source with an import of those names that it does not import yet.

    Raises:
        ValueError: The module has no imports to add one to.
    """
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.module == module:
            names = names - {alias.name for alias in node.names}
    if not imports:
        raise ValueError(module)
    return insert(source, imports[-1], f"\nfrom {module} import {', '.join(sorted(names))}") if names else source


def register(name: str) -> list[str]:
    """Register the app, and return what has to be pasted by hand where a file has another form than it had at first."""
    by_hand = []
    unknown_form = (SyntaxError, ValueError)
    route = f'path("{name}/", include("apps.{name}.urls"))'
    for path, variable, item, imports in (
        (SETTINGS / "project.py", "PROJECT_APPS", f'"apps.{name}"', set()),
        (Path("config/api.py"), "urlpatterns", route, {"include", "path"}),
    ):
        source = path.read_text(encoding="utf-8")
        try:
            changed = append_item(source, variable, item)
            path.write_text(add_import(changed, "django.urls", imports) if imports else changed, encoding="utf-8")
        except unknown_form:
            by_hand.append(f"  {path}, {variable}:\n    {item}")
    return by_hand


def taken(name: str) -> bool:
    """Tell whether an app of that name is there already, in this project or from a library."""
    installed = find_list(Path("config/settings/base.py").read_text(encoding="utf-8"), "INSTALLED_APPS")
    labels = [ast.unparse(item).strip("'").rpartition(".")[2] for item in installed.elts] if installed else []
    return name in labels or (Path("apps") / name).exists()


def main(arguments: list[str]) -> int:
    """Create the app that the arguments name, and return the exit status."""
    name = arguments[0] if len(arguments) == 1 else ""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        print("Give one name in lower case: make app NAME=billing", file=sys.stderr)
        return 1
    if taken(name):
        print(f"An app called {name} exists: choose another name.", file=sys.stderr)
        return 1
    title = "".join(part.capitalize() for part in name.split("_"))
    for path, text in FILES.items():
        file = Path("apps") / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(name=name, title=title), encoding="utf-8")
    by_hand = register(name)
    print(f"Created apps/{name}/. List each of its routes in apps/{name}/tests/endpoints.py.")
    if by_hand:
        print("This file has an unusual form. Paste by hand:", *by_hand, sep="\n", file=sys.stderr)
    return 1 if by_hand else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
