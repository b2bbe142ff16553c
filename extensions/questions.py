"""The `{% questions %}` tag: the reference of the questions in `copier.yml`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import meta, nodes

from extensions.environment import read_questions, template_environment
from extensions.tag import ReferenceTag

Question = dict[str, Any]


class QuestionsExtension(ReferenceTag):
    """Renders `{% questions %}`: a section for each question that a person can answer."""

    tags = {"questions"}  # noqa: RUF012 - Jinja declares no ClassVar

    def reference(self, repository: Path) -> str:
        """Return the sections as Markdown, in the order of `copier.yml`."""
        environment = template_environment(repository)
        questions = read_questions(repository)
        defaults = default_answers(questions, environment)
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
                "",
            )
        )


def default_answers(questions: dict[str, Question], environment: jinja2.Environment) -> dict[str, Any]:
    """Return the answer of each question, hidden ones too, where nobody answers.

    Raises:
        jinja2.UndefinedError: A default names a question that comes after it.
    """
    answers: dict[str, Any] = {}
    for name, question in questions.items():
        default = question.get("default")
        if isinstance(default, str):
            default = environment.from_string(default).render(answers)
            if question.get("type") != "str" or question.get("multiselect"):
                default = yaml.safe_load(default)
        answers[name] = default
    return answers


def refusals(validator: str, environment: jinja2.Environment) -> list[str]:
    """Return the sentences with which a validator refuses an answer.

    An answer that a sentence repeats stands as its *name*, a computed value as "…".
    """
    texts = (
        "".join(_spoken(node) for node in output.nodes)
        for output in environment.parse(validator).find_all(nodes.Output)
    )
    return [sentence for text in texts if (sentence := " ".join(text.split()))]


def _spoken(node: nodes.Node) -> str:
    """Return the text of one piece of a sentence."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    return f"*{node.name}*" if isinstance(node, nodes.Name) else "…"


def _is_visible(question: Question) -> bool:
    """Tell whether a person can answer: a hidden question is one that is never asked."""
    return question.get("when") is not False


def _kind(question: Question) -> str:
    """Return the type of an answer, and how many choices it may hold."""
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
    """Return the default as one would type it, and what it is derived from."""
    answer = defaults[name]
    shown = f"`[{', '.join(answer)}]`" if isinstance(answer, list) else f"`{answer}`"
    expression = environment.parse(str(questions[name].get("default", "")))
    used = meta.find_undeclared_variables(expression)
    sources = [f"`{other}`" for other, question in questions.items() if other in used and _is_visible(question)]
    return f"{shown}, derived from {' and '.join(sources)}" if sources else shown


def _conditions(name: str, question: Question, default: object) -> Iterator[str]:
    """Yield when the question is asked, or else how to answer it."""
    if when := question.get("when"):
        yield f"- When: `{when}`"
    if question.get("ask", True):
        yield "- Asked: yes"
    else:
        other = next((value for _, value in _labelled(question) if value != default), default)
        yield f"- Asked: no; set it with `-d {name}={other}`"


def _choices(question: Question) -> Iterator[str]:
    """Yield the choices, each with its label where it has one of its own."""
    if labelled := _labelled(question):
        yield "- Choices:"
    for label, value in labelled:
        yield f"    - `{value}`" + (f": {label}" if label != value else "")


def _labelled(question: Question) -> list[tuple[Any, Any]]:
    """Return the label and the value of each choice; a plain list labels itself."""
    choices = question.get("choices", [])
    if isinstance(choices, dict):
        return list(choices.items())
    return [(choice, choice) for choice in choices]


def _refusals(question: Question, environment: jinja2.Environment) -> Iterator[str]:
    """Yield what a person reads who answers badly."""
    if sentences := refusals(question.get("validator", ""), environment):
        yield "- Refused with:"
    for sentence in sentences:
        yield f"    - {sentence}"
