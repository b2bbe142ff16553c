"""The `{% questions %}` tag: the reference of the questions in `copier.yml`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import meta, nodes

from extensions.effects import question_effects
from extensions.environment import read_questions, template_environment
from extensions.tag import ReferenceTag

Question = dict[str, Any]

# How many files are listed; above that, folders are.
_FILES = 12


class QuestionsExtension(ReferenceTag):
    """Renders `{% questions %}`: a section for each question that a person can answer."""

    tags = {"questions"}  # noqa: RUF012 - Jinja declares no ClassVar

    def reference(self, repository: Path) -> str:
        """Return the sections as Markdown, in the order of `copier.yml`."""
        environment = template_environment(repository)
        questions = read_questions(repository)
        defaults = default_answers(questions, environment)
        effects = question_effects(repository)
        return "\n".join(
            line
            for name, question in questions.items()
            if _is_visible(question)
            for line in (
                f"## `{name}`\n",
                f"{question['help']}\n",
                f"- Type: {_kind(question)}",
                f"- Default: {_default(name, questions, defaults, environment)}",
                *_conditions(name, question, defaults[name]),
                *_choices(question),
                *_refusals(question, environment),
                *_effect(effects.get(name, [])),
                "",
            )
        )


def default_answers(
    questions: dict[str, Question], environment: jinja2.Environment, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the answer to each question, including hidden ones, with the given answers and the defaults.

    Raises:
        jinja2.UndefinedError: A default names a question that comes after it.
    """
    answers: dict[str, Any] = {}
    for name, question in questions.items():
        if given and name in given:
            answers[name] = given[name]
            continue
        default = question.get("default")
        if isinstance(default, str):
            default = environment.from_string(default).render(answers)
            if question.get("type") != "str" or question.get("multiselect"):
                default = yaml.safe_load(default)
        answers[name] = default
    return answers


def refusals(validator: str, environment: jinja2.Environment) -> list[str]:
    """Return the sentences with which a validator refuses an answer.

    An answer in a sentence becomes its *name*, a computed value "…".
    """
    texts = (
        "".join(_spoken(node) for node in output.nodes)
        for output in environment.parse(validator).find_all(nodes.Output)
    )
    return [sentence for text in texts if (sentence := " ".join(text.split()))]


def _spoken(node: nodes.Node) -> str:
    """Return the text of one part of a sentence."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    return f"*{node.name}*" if isinstance(node, nodes.Name) else "…"


def _is_visible(question: Question) -> bool:
    """Return whether a person can answer the question: hidden questions are never asked."""
    return question.get("when") is not False


def _kind(question: Question) -> str:
    """Return the type of an answer, and how many choices it takes."""
    if "choices" not in question:
        return f"`{question['type']}`"
    number = "any number" if question.get("multiselect") else "one"
    return f"`{question['type']}`, {number} of the choices below"


def _default(
    name: str,
    questions: dict[str, Question],
    defaults: dict[str, Any],
    environment: jinja2.Environment,
) -> str:
    """Return the default as a person would type it, and what it is derived from."""
    answer = defaults[name]
    shown = f"`[{', '.join(answer)}]`" if isinstance(answer, list) else f"`{answer}`"
    expression = environment.parse(str(questions[name].get("default", "")))
    used = meta.find_undeclared_variables(expression)
    sources = [f"`{other}`" for other, question in questions.items() if other in used and _is_visible(question)]
    return f"{shown}, derived from {' and '.join(sources)}" if sources else shown


def _conditions(name: str, question: Question, default: object) -> Iterator[str]:
    """Yield when the question is asked, or how to answer it if it is not."""
    if when := question.get("when"):
        yield f"- When: `{when}`"
    if question.get("ask", True):
        yield "- Asked: yes"
    else:
        other = next((value for _, value in _labelled(question) if value != default), default)
        yield f"- Asked: no; set it with `-d {name}={other}`"


def _choices(question: Question) -> Iterator[str]:
    """Yield the choices, with their labels."""
    if labelled := _labelled(question):
        yield "- Choices:"
    for label, value in labelled:
        yield f"    - `{value}`" + (f": {label}" if label != value else "")


def _labelled(question: Question) -> list[tuple[Any, Any]]:
    """Return the label and the value of each choice."""
    choices = question.get("choices", [])
    if isinstance(choices, dict):
        return list(choices.items())
    return [(choice, choice) for choice in choices]


def _refusals(question: Question, environment: jinja2.Environment) -> Iterator[str]:
    """Yield the messages for invalid answers."""
    if sentences := refusals(question.get("validator", ""), environment):
        yield "- Refused with:"
    for sentence in sentences:
        yield f"    - {sentence}"


def _effect(paths: list[str]) -> Iterator[str]:
    """Yield the files that an answer changes, or their folders if there are more than a dozen."""
    if len(paths) > _FILES:
        counts = Counter(path.rpartition("/")[0] or "." for path in paths)
        yield f"- Changes {len(paths)} files: " + ", ".join(
            f"{count} in `{folder}`" for folder, count in counts.items()
        )
    elif paths:
        yield f"- Changes: {', '.join(f'`{path}`' for path in paths)}"
