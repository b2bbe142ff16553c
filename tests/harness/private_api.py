"""Find uses of private and undocumented API of dependencies in Python code, with `ast`.

Names with a leading underscore are private unless the project defines them itself or the documentation of the library
has them (`DOCUMENTED`). Public names that no documentation has are listed in `UNDOCUMENTED` and `UNDOCUMENTED_NAMES`.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN = {"apps", "config", "conftest", "tests"}
STANDARD_LIBRARY = set(sys.stdlib_module_names)
SKIPPED = {".git", ".local", ".venv", "migrations"}

# Underscore names that are documented.
DOCUMENTED = {
    # https://docs.djangoproject.com/en/stable/ref/models/meta/
    "_meta",
    # https://docs.djangoproject.com/en/stable/topics/db/managers/
    "_db",
    # https://docs.python.org/3/library/collections.html#collections.namedtuple
    "_replace",
}
# Full names that are not private by name, but are in no documentation.
UNDOCUMENTED = {
    "django.db.backends.postgresql.base.DatabaseWrapper",
    "django.db.connection.pool",
    "django.utils.crypto.salted_hmac",
    "drf_spectacular.drainage",
    "opentelemetry.util.http",
    "rest_framework.fields.get_error_detail",
    "rest_framework.pagination.Cursor",
    "rest_framework_simplejwt.backends.TokenBackend",
    "rest_framework_simplejwt.state",
}
# The same for methods, attributes and folders.
UNDOCUMENTED_NAMES = {
    "THROTTLE_RATES",
    "base_url",
    "decode_cursor",
    "execute_wrappers",
    "get_ident",
    "pginstall",
    "write_message",
}


@dataclass(frozen=True, order=True)
class Use:
    """A place that uses private or undocumented API.

    Attributes:
        file: The path in the project.
        name: The imported name, or the attribute.
    """

    file: str
    name: str


def find_uses(project: Path) -> set[Use]:
    """Return all uses in the Python files of a project."""
    paths = [path for path in project.rglob("*.py") if not SKIPPED & set(path.relative_to(project).parts)]
    trees = {path.relative_to(project).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    defined = {name for tree in trees.values() for name in _definitions(tree)}
    read = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return {Use(file, name) for file, tree in trees.items() for name in _uses(tree, defined, read)}


def _uses(tree: ast.Module, defined: set[str], read: set[str]) -> Iterator[str]:
    imports = dict(_imports(tree))
    yield from (name for name in imports.values() if _is_undocumented(name))
    for node in ast.walk(tree):
        yield from (name for name in _names(node) if name in UNDOCUMENTED_NAMES)
        match node:
            case ast.Attribute(value=ast.Name(id=root), attr=attribute) if root in imports and not _is_private(
                attribute
            ):
                if (name := f"{imports[root]}.{attribute}") in UNDOCUMENTED:
                    yield name
            case ast.Attribute(attr=name) if _is_private(name):
                is_inherited = ast.unparse(node.value) == "super()"
                if is_inherited or name not in defined:
                    yield name
            case ast.Call():
                yield from filter(_is_private, _names_in_call(node))
            case ast.ClassDef(bases=[_, *_]):
                # A private member that the project never reads is an override.
                yield from (name for name in _members(node) if _is_private(name) and name not in read)
            case ast.Assign(targets=[ast.Attribute() as target]) | ast.AugAssign(target=ast.Attribute() as target):
                # A monkeypatch.
                root, _, rest = ast.unparse(target).partition(".")
                if root in imports:
                    yield f"{imports[root]}.{rest}"


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            yield name


def _names_in_call(node: ast.Call) -> Iterator[str]:
    """Yield the names of keyword arguments, and the attribute of `getattr`, `setattr` and `delattr`."""
    yield from (keyword.arg for keyword in node.keywords if keyword.arg)
    match node:
        case ast.Call(func=ast.Name(id="getattr" | "setattr" | "delattr"), args=[_, ast.Constant(value=str(name)), *_]):
            yield name


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_" and name not in DOCUMENTED


def _is_undocumented(name: str) -> bool:
    return any(map(_is_private, name.split("."))) or any(f"{name}.".startswith(f"{known}.") for known in UNDOCUMENTED)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what is imported from dependencies: the local name, and the full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [(alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
        else:
            continue
        yield from ((local, name) for local, name in found if name.partition(".")[0] not in OWN | STANDARD_LIBRARY)


def _definitions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name


def _members(node: ast.ClassDef) -> Iterator[str]:
    for member in node.body:
        match member:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


if __name__ == "__main__":
    # Run by the Python of the project, whose syntax can be newer than that of this repository.
    for use in sorted(find_uses(Path(sys.argv[1]))):
        sys.stdout.write(f"{use.file} {use.name}\n")
