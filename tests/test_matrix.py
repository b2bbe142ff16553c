"""The matrix holds what it says, and whatever joins `copier.yml` joins it."""

import itertools
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.hostile import HOSTILE_TEXTS
from tests.harness.matrix import Choice, free_texts, name_of, open_choices, pairwise, reproduction
from tests.harness.paths import PROGRAMS
from tests.harness.questions import COVERING, QUESTIONS, Answers, choices
from tests.harness.summary import table_of, variant_runs

NEW_QUESTION = {"type": "str", "choices": ["sqs", "kafka"], "default": "sqs"}
NEW_SWITCH = {"type": "bool", "default": True}
NEW_NUMBER = {"type": "int", "choices": [1, 2, 3], "default": 1}
NEW_CHOICE = {**QUESTIONS["server"], "choices": ["wsgi", "asgi", "rsgi"]}
REFUSES = {
    **QUESTIONS["server"],
    "validator": "{% if server == 'asgi' and django_version == '5.2' %}Not these two.{% endif %}",
}


def stands_in(choice: Choice, value: object, answers: Answers) -> bool:
    """Say whether answers answer a choice with a value."""
    answer = answers[choice.question]
    return answer == value if choice.member is None else (choice.member in answer) == value


def pairs_missed(questions: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, object, str, object]]:
    """Return the pairs of answers that occur in no variant."""
    variants = list(pairwise(questions))
    return [
        (first.member or first.question, one, second.member or second.question, other)
        for first, second in itertools.combinations(open_choices(questions), 2)
        for one, other in itertools.product(first.offered, second.offered)
        if not any(stands_in(first, one, answers) and stands_in(second, other, answers) for answers in variants)
    ]


@pytest.mark.parametrize(
    "questions",
    [
        QUESTIONS,
        {**QUESTIONS, "queue": NEW_QUESTION},
        {**QUESTIONS, "admin": NEW_SWITCH},
        {**QUESTIONS, "regions": NEW_NUMBER},
        {**QUESTIONS, "server": NEW_CHOICE},
    ],
    ids=["as it is", "with a question more", "with a switch more", "with a number more", "with a choice more"],
)
def test_every_pair_of_answers_occurs_in_a_variant(questions: dict[str, dict[str, Any]]) -> None:
    assert len(open_choices(questions)) == len(open_choices(QUESTIONS)) + (questions.keys() != QUESTIONS.keys())
    assert pairs_missed(questions) == []
    names = [name_of(answers) for answers in pairwise(questions)]
    assert len(set(names)) == len(names)


def test_refused_pair_of_answers_occurs_in_no_variant() -> None:
    assert pairs_missed({**QUESTIONS, "server": REFUSES}) == [("django_version", "5.2", "server", "asgi")]


def test_free_texts_of_variants_are_hostile() -> None:
    variants = list(pairwise(QUESTIONS))
    texts = [answers[name] for answers in variants for name in free_texts(QUESTIONS)]
    assert {"project_name", "description"} <= set(free_texts(QUESTIONS))
    assert set(texts) <= set(HOSTILE_TEXTS)
    assert len(set(texts)) == min(len(texts), len(HOSTILE_TEXTS))


def test_covering_variants_have_every_answer() -> None:
    defaults = {name: question.get("default") for name, question in QUESTIONS.items()}
    missing = [
        (choice.question, value)
        for choice in open_choices(QUESTIONS)
        for value in choice.offered
        if not any(stands_in(choice, value, {**defaults, **answers}) for answers in COVERING.values())
    ]
    # A machine need not have every Python: the matrix deals out those that it has.
    assert [name for name, _ in missing if name != "python_version"] == []
    assert len(missing) < len(choices("python_version"))


def test_reproduction_command_renders_the_variant(template: Path, tmp_path: Path) -> None:
    answers = [*pairwise(QUESTIONS)][-1]
    project = tmp_path / "a project"
    copy, _, rest = reproduction(answers, str(project)).partition(" && ")
    subprocess.run(copy.replace("uv run copier", str(PROGRAMS / "copier")), shell=True, cwd=template, check=True)  # noqa: S602

    remembered = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert {name: remembered[name] for name in answers} == answers
    assert rest == f"make -C '{project}' check test"
    assert reproduction(answers, "p", variables={"A": "b"}).endswith(" && A=b make -C p check test")


def test_variant_that_cannot_be_rendered_is_reported_with_its_command() -> None:
    properties = [("variant", ["smallest", "check", "copier copy …"])]
    report = pytest.TestReport("a", ("a", 1, "a"), {}, "failed", "no such package", "setup", user_properties=properties)
    table = table_of(variant_runs([report]))
    assert "| smallest | 0 s | failed, 0 s |  |" in table
    assert "copier copy …" in table
