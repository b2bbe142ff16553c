"""The `{% dependencies %}` tag: the dependencies of a project, their versions, and the answers that add them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from extensions.environment import read_questions, template_environment
from extensions.questions import default_answers
from extensions.tag import ReferenceTag

# A name, its extras, its versions.
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[.*\])?(.+)")
PROJECT_FILE = "template/pyproject.toml.jinja"


class Requirement(NamedTuple):
    """A line of a project's dependencies.

    Attributes:
        package: What is installed, without its extras.
        versions: The lower and the upper bound.
        group: The dependency group that it is in; empty for what every process needs.
    """

    package: str
    versions: str
    group: str


class DependenciesExtension(ReferenceTag):
    """Renders `{% dependencies %}`: a table of the dependencies of all possible projects."""

    tags = {"dependencies"}  # noqa: RUF012 - Jinja declares no ClassVar

    def reference(self, repository: Path) -> str:
        """Return the table as Markdown, ordered by package name."""
        rows = [
            f"| `{requirement.package}` | `{requirement.versions}` | {requirement.group} | {', '.join(conditions)} |\n"
            for requirement, conditions in sorted(requirement_conditions(repository).items())
        ]
        return "".join(["| package | versions | group | only with |\n", "|---|---|---|---|\n", *rows])


def requirement_conditions(repository: Path) -> dict[Requirement, list[str]]:
    """Return the dependencies of all possible projects, and the answers that each needs.

    Each answer is looked at with every feature on.
    """
    questions = read_questions(repository)
    features = list(questions["features"]["choices"].values())
    everything = {"features": features}
    found = {
        f"`{feature}`": (
            project_requirements(repository, everything),
            project_requirements(repository, {"features": [other for other in features if other != feature]}),
        )
        for feature in features
    }
    for name, value in _single_choices(questions):
        others = [other for question, other in _single_choices(questions) if question == name and other != value]
        found[f"`{name}` {value}"] = (
            project_requirements(repository, {**everything, name: value}),
            set.intersection(*(project_requirements(repository, {**everything, name: other}) for other in others)),
        )
    every = set[Requirement]().union(*(chosen | left for chosen, left in found.values()))
    return {
        requirement: [
            condition
            for condition, (chosen, left) in found.items()
            if requirement in chosen and requirement not in left
        ]
        for requirement in every
    }


def project_requirements(repository: Path, answers: Mapping[str, Any]) -> set[Requirement]:
    """Return the dependencies of a project with these answers, and defaults for the others."""
    environment = template_environment(repository)
    combined = default_answers(read_questions(repository), environment, answers)
    content = tomllib.loads(environment.get_template(PROJECT_FILE).render(combined))
    groups = {"": content["project"]["dependencies"], **content["dependency-groups"]}
    return {
        Requirement(match[1], match[2], group)
        for group, lines in groups.items()
        for line in lines
        if isinstance(line, str) and (match := _REQUIREMENT.fullmatch(line))
    }


def _single_choices(questions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield each answer to each question that has choices."""
    for name, question in questions.items():
        choices = question.get("choices")
        if choices and not question.get("multiselect"):
            for value in choices.values() if isinstance(choices, dict) else choices:
                yield name, value
