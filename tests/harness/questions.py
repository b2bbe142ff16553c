"""The questions of `copier.yml`, and variants computed from them."""

from collections.abc import Mapping
from typing import Any

import yaml

from tests.harness.paths import ROOT

Answers = Mapping[str, Any]

CONFIGURATION: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
QUESTIONS: dict[str, dict[str, Any]] = {
    name: question for name, question in CONFIGURATION.items() if not name.startswith("_")
}


def choices_of(question: Mapping[str, Any]) -> list[str]:
    """Return the answers that a question allows, in its own order.

    Raises:
        KeyError: It has no choices.
    """
    offered = question["choices"]
    return list(offered.values() if isinstance(offered, dict) else offered)


def choices(question: str) -> list[str]:
    """Return the answers that a question of `copier.yml` allows, in its order.

    Raises:
        KeyError: There is no such question, or it has no choices.
    """
    return choices_of(QUESTIONS[question])


PYTHON_VERSIONS = choices("python_version")
DJANGO_VERSIONS = choices("django_version")
FEATURES = choices("features")

# Versions do not make a project larger or smaller.
_VERSIONS = {"python_version", "django_version"}


def _default() -> Answers:
    return {}


def _smallest() -> Answers:
    """Return the answers that leave out everything optional."""
    answers: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        if question.get("multiselect"):
            answers[name] = []
        elif "choices" in question and "none" in choices(name):
            answers[name] = "none"
    return answers


def _largest() -> Answers:
    """Return every option of a multiselect, and otherwise the last choice that is not "none"."""
    answers: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        if "choices" not in question or name in _VERSIONS:
            continue
        offered = [choice for choice in choices(name) if choice != "none"]
        answers[name] = offered if question.get("multiselect") else offered[-1]
    return answers


VARIANTS: dict[str, Answers] = {
    "default": _default(),
    "smallest": _smallest(),
    "largest": _largest(),
}

# Variants that together have every answer, except versions of Python.
COVERING: dict[str, Answers] = {
    "default": VARIANTS["default"],
    "smallest": {**VARIANTS["smallest"], "django_version": DJANGO_VERSIONS[-1]},
    "largest": {**VARIANTS["largest"], "django_version": DJANGO_VERSIONS[-1], "python_version": PYTHON_VERSIONS[0]},
}
# One more variant for each choice that neither the default nor the largest has.
COVERING |= {
    f"largest, {name} {choice}": {**COVERING["largest"], name: choice}
    for name, question in QUESTIONS.items()
    if "choices" in question and not question.get("multiselect") and name not in _VERSIONS
    for choice in choices_of(question)
    if all(answers.get(name, question["default"]) != choice for answers in COVERING.values())
}


def runnable_questions(pythons: list[str]) -> dict[str, dict[str, Any]]:
    """Return the questions, with the given Python versions only."""
    return {**QUESTIONS, "python_version": {**QUESTIONS["python_version"], "choices": pythons}}
