"""The `{% features %}` tag: what each feature adds, by comparing renders with and without it."""

import ast
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import copier
import yaml

from extensions.environment import read_questions
from extensions.tag import ReferenceTag

ANSWERS_FILE = ".copier-answers.yml"


class FeaturesExtension(ReferenceTag):
    """Renders `{% features %}`: a section for each feature, with what it adds."""

    tags = {"features"}  # noqa: RUF012 - Jinja declares no ClassVar

    def reference(self, repository: Path) -> str:
        """Return the sections as Markdown, without empty facts."""
        question = read_questions(repository)["features"]
        additions = feature_additions(repository)
        return "\n".join(
            line
            for label, feature in question["choices"].items()
            for line in (
                f"## `{feature}`\n",
                f"{label}. {_state(feature, question)} by default.\n",
                *_facts(additions[feature]),
                "",
            )
        )


def feature_additions(repository: Path) -> dict[str, dict[str, list[str]]]:
    """Return what a feature adds, by the titles of `FACTS`.

    All other features are on. A file that needs two features counts for both, and a file that either of two features
    adds counts for neither. If another feature needs this one, it is rendered alone.

    Raises:
        ValueError: `copier.yml` refuses that as well.
    """
    features = list(read_questions(repository)["features"]["choices"].values())
    additions = {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        template = snapshot(repository, folder / "template")
        everything = render(template, folder / "everything", {"features": features})
        for feature in features:
            others = [other for other in features if other != feature]
            on = everything
            try:
                off = render(template, folder / f"without-{feature}", {"features": others})
            except ValueError:
                on = render(template, folder / f"only-{feature}", {"features": [feature]})
                off = render(template, folder / f"before-{feature}", {"features": []})
            additions[feature] = {title: sorted(fact(on) - fact(off)) for title, fact in FACTS.items()}
            additions[feature]["Also in"] = changed_files(on, off)
    return additions


def snapshot(repository: Path, destination: Path) -> Path:
    """Copy the files that Copier renders from, with uncommitted changes, and return the copy.

    Outside of git, Copier looks up no tag and commits nothing.
    """
    for name in ("template", "includes"):
        if (repository / name).is_dir():
            shutil.copytree(repository / name, destination / name)
    shutil.copy(repository / "copier.yml", destination)
    return destination


def render(template: Path, destination: Path, answers: dict[str, Any]) -> Path:
    """Render a project with these answers, and defaults for the others, and return it.

    Copier settings of the current user are ignored.

    Raises:
        ValueError: `copier.yml` refuses the answers.
    """
    copier.run_copy(str(template), destination, answers, settings=copier.Settings(), defaults=True, quiet=True)
    return destination


def files(project: Path) -> set[str]:
    """Return the paths of all files, relative to the project."""
    paths = (path for path in project.rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix() for path in paths}


def dependencies(project: Path) -> set[str]:
    """Return the requirements in `pyproject.toml`, with the names of their groups."""
    if not (path := project / "pyproject.toml").is_file():
        return set()
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return set(content["project"]["dependencies"]) | {
        f"{requirement} ({group})"
        for group, requirements in content.get("dependency-groups", {}).items()
        for requirement in requirements
        if isinstance(requirement, str)
    }


def settings(project: Path) -> set[str]:
    """Return the names that the settings modules assign."""
    return {
        node.id
        for path in project.glob("config/settings/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
        if isinstance(node.ctx, ast.Store)
        if node.id.isupper()
    }


def environment_names(project: Path) -> set[str]:
    """Return the names in `.env.example`, including those in comments."""
    if not (path := project / ".env.example").is_file():
        return set()
    text = path.read_text(encoding="utf-8")
    return set(re.findall(r"^#?\s*([A-Z][A-Z0-9_]*)=", text, flags=re.MULTILINE))


def services(project: Path) -> set[str]:
    """Return the names of the services in `compose.yaml`."""
    if not (path := project / "compose.yaml").is_file():
        return set()
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["services"])


FACTS: dict[str, Callable[[Path], set[str]]] = {
    "Files": files,
    "Dependencies": dependencies,
    "Settings": settings,
    "Environment": environment_names,
    "Services": services,
}


def changed_files(on: Path, off: Path) -> list[str]:
    """Return the files of two projects that differ, except for the answers file."""
    return sorted(
        path
        for path in files(on) & files(off) - {ANSWERS_FILE}
        if (on / path).read_bytes() != (off / path).read_bytes()
    )


def _state(feature: str, question: dict[str, list[str]]) -> str:
    """Return whether a feature is on by default."""
    return "On" if feature in question["default"] else "Off"


def _facts(additions: dict[str, list[str]]) -> Iterator[str]:
    """Yield a line for each fact that is not empty."""
    for title, names in additions.items():
        if names:
            yield f"- **{title}**: {', '.join(f'`{name}`' for name in names)}"
