"""The matrix: few variants in which every pair of answers occurs, computed from `copier.yml`."""

import itertools
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allpairspy import AllPairs
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from tests.harness.hostile import HOSTILE_TEXTS
from tests.harness.questions import QUESTIONS, Answers, choices_of

Questions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """One choice of a question: its answer, or whether one option of a multiselect is chosen.

    Attributes:
        question: The name of the question.
        offered: The possible answers; True and False for an option.
        member: The option of a multiselect; None for other questions.
    """

    question: str
    offered: tuple[Any, ...]
    member: str | None = None


def open_choices(questions: Questions) -> list[Choice]:
    """Return all choices of questions, except texts."""
    found = []
    for name, question in questions.items():
        if question["type"] == "bool" and question.get("when") is not False:
            found.append(Choice(name, (True, False)))
        if "choices" not in question:
            continue
        if question.get("multiselect"):
            found += [Choice(name, (True, False), member) for member in choices_of(question)]
        else:
            found.append(Choice(name, tuple(choices_of(question))))
    return found


def pairwise(questions: Questions) -> Iterator[dict[str, Any]]:
    """Yield answers such that every valid pair of answers occurs.

    Every other question that takes any text gets a hostile one, each time another.

    Args:
        questions: The questions of `copier.yml`; at least two have choices.
    """
    # The library finds fewer rows when the choices with the most values come first.
    offers = sorted(open_choices(questions), key=lambda choice: len(choice.offered), reverse=True)
    named = free_texts(questions)
    texts = itertools.cycle(HOSTILE_TEXTS)
    for row in _needed(list(_rows(questions, offers))):
        answers = answers_of(offers, row)
        in_order = {name: answers[name] for name in questions if name in answers}
        yield {**{name: next(texts) for name in named}, **in_order}


def _pairs(row: Sequence[Any]) -> set[tuple[tuple[int, Any], ...]]:
    """Return the pairs of values of a row, with their places."""
    return set(itertools.combinations(enumerate(row), 2))


def _needed(rows: list[Sequence[Any]]) -> list[Sequence[Any]]:
    """Return the rows without those whose pairs all occur in others that stay."""
    needed = list(rows)
    for row in reversed(rows):
        others = [other for other in needed if other is not row]
        if _pairs(row) <= set().union(*map(_pairs, others)):
            needed = others
    return needed


def _rows(questions: Questions, offers: Sequence[Choice]) -> Iterator[Sequence[Any]]:
    """Yield rows with a value for each choice, in which every valid pair occurs."""
    values = [choice.offered for choice in offers]

    def may_be(row: Sequence[Any]) -> bool:
        return is_valid(questions, answers_of(offers, row))

    met: set[tuple[tuple[int, Any], ...]] = set()
    for row in AllPairs([list(offered) for offered in values], filter_func=may_be):
        met.update(_pairs(row))
        yield row
    # The library gives up some pairs when a validator refuses a row; find a valid row for each.
    for (left, first), (right, second) in itertools.combinations(enumerate(values), 2):
        for one, other in itertools.product(first, second):
            if ((left, one), (right, other)) in met:
                continue
            fixed = {left: (one,), right: (other,)}
            free = [fixed.get(place, offered) for place, offered in enumerate(values)]
            for row in itertools.islice(filter(may_be, itertools.product(*free)), 1):
                met.update(_pairs(row))
                yield row


def answers_of(offers: Sequence[Choice], row: Sequence[Any]) -> dict[str, Any]:
    """Return the answers of a row, which may be incomplete, in the order of the choices."""
    answers: dict[str, Any] = {}
    for choice, value in zip(offers, row, strict=False):
        if choice.member is None:
            answers[choice.question] = value
        else:
            answers.setdefault(choice.question, [])
            if value:
                answers[choice.question].append(choice.member)
    return answers


def is_valid(questions: Questions, answers: Answers) -> bool:
    """Return whether all validators accept the answers. A validator that reads a missing answer accepts."""
    environment = SandboxedEnvironment(
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"], undefined=StrictUndefined, autoescape=False
    )
    for name in answers:
        try:
            if environment.from_string(questions[name].get("validator", "")).render(answers).strip():
                return False
        except UndefinedError:
            continue
    return True


def free_texts(questions: Questions) -> list[str]:
    """Return the questions that accept any text, including hostile ones."""
    return [
        name
        for name, question in questions.items()
        if question["type"] == "str"
        and question.get("when") is not False
        and "choices" not in question
        and all(is_valid(questions, {name: text}) for text in HOSTILE_TEXTS)
    ]


def name_of(answers: Answers) -> str:
    """Return a short name of answers: the choices alone."""
    parts = ["+".join(answer) or "nothing" if isinstance(answer, list) else str(answer) for answer in answers.values()]
    return " ".join(part for part in parts if part not in HOSTILE_TEXTS)


def reproduction(
    answers: Answers, destination: str = "build/variant", *, variables: Mapping[str, str] | None = None
) -> str:
    """Return a shell command that renders answers, then runs the checks and tests with variables."""
    data = [
        part
        for name, answer in answers.items()
        # Copier parses the value as YAML.
        for part in ("--data", f"{name}={answer if isinstance(answer, str) else json.dumps(answer)}")
    ]
    copy = ["uv", "run", "copier", "copy", "--defaults", "--overwrite", "--vcs-ref", "HEAD", *data, ".", destination]
    make = [
        *(f"{name}={value}" for name, value in (variables or {}).items()),
        "make",
        "-C",
        destination,
        "check",
        "test",
    ]
    return f"{shlex.join(copy)} && {shlex.join(make)}"


# The renders that tests of every render use.
RENDERS: dict[str, Answers] = {"default": {}, **{name_of(answers): answers for answers in pairwise(QUESTIONS)}}
