"""The Jinja environment of the templates, and a linter for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import import_string

# Variables that Copier defines in addition to the answers.
# https://copier.readthedocs.io/en/stable/creating/#variables-global
COPIER_NAMES = frozenset(
    {
        "_copier_answers",
        "_copier_conf",
        "_copier_phase",
        "_copier_python",
        "_external_data",
        "_folder_name",
        "pathjoin",
    }
)


@dataclass(frozen=True)
class Problem:
    """A problem in a template, and its position."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Return `path:line: message`."""
        return f"{self.path.as_posix()}:{self.line}: {self.message}"


def read_questions(repository: Path) -> dict[str, dict[str, Any]]:
    """Return the questions of `copier.yml` in their order, including hidden ones.

    Raises:
        FileNotFoundError: The repository has no `copier.yml`.
        yaml.YAMLError: It is not YAML.
    """
    content = _configuration(repository)
    return {name: value for name, value in content.items() if not name.startswith("_")}


def template_environment(repository: Path) -> jinja2.Environment:
    """Return the Jinja environment that Copier renders the templates with.

    It has the options of `_envops` in `copier.yml` and Copier's filters. The tag `yield`
    is left out: Copier allows it in paths, not in files.
    """
    options = dict(_configuration(repository).get("_envops", {}))
    if "undefined" in options:
        options["undefined"] = import_string(options["undefined"])
    return SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(repository),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **{"keep_trailing_newline": True, **options},
    )


def lint_templates(repository: Path) -> list[Problem]:
    """Return the problems of the `.jinja` files in `template/` and `includes/`.

    Wrong is a syntax error, an unknown filter or test, an import of a file that does not
    exist, and a name that is no question, not Copier's, and not set in the file.
    """
    environment = template_environment(repository)
    questions = read_questions(repository)
    known = COPIER_NAMES | questions.keys() | environment.globals.keys()
    found = []
    for pattern in ("template/**/*.jinja", "includes/*.jinja"):
        for path in sorted(repository.glob(pattern)):
            source = path.read_text(encoding="utf-8")
            problems = _problems(source, environment, known, repository)
            found += [Problem(path.relative_to(repository), line, message) for line, message in sorted(problems)]
    return found


def _problems(
    source: str,
    environment: jinja2.Environment,
    known: frozenset[str],
    repository: Path,
) -> Iterator[tuple[int, str]]:
    """Yield the line and the message of each problem of a template."""
    try:
        tree = environment.parse(source)
        unknown = meta.find_undeclared_variables(tree) - known
    except jinja2.TemplateSyntaxError as error:
        yield error.lineno, error.message or "syntax error"
        return
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name in unknown:
            yield name.lineno, f"`{name.name}` is no question and not set in this file"
    # Jinja resolves the filters and tests of a condition only when it evaluates it.
    for used in tree.find_all((nodes.Filter, nodes.Test)):
        if isinstance(used, nodes.Filter) and used.name not in environment.filters:
            yield used.lineno, f"No filter named {used.name!r}."
        if isinstance(used, nodes.Test) and used.name not in environment.tests:
            yield used.lineno, f"No test named {used.name!r}."
    for line, path in _imports(tree):
        if not (repository / path).is_file():
            yield line, f"`{path}` does not exist"


def _imports(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Yield the line and the path of each file that a template includes or imports."""
    asking = nodes.Extends | nodes.FromImport | nodes.Import | nodes.Include
    for statement in tree.find_all(nodes.Stmt):
        if isinstance(statement, asking):
            path = statement.template
            if isinstance(path, nodes.Const):
                yield statement.lineno, path.value


def _configuration(repository: Path) -> dict[str, Any]:
    """Return `copier.yml`: settings, whose names start with `_`, and questions."""
    text = (repository / "copier.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
