"""Find the files that an answer changes, by rendering the defaults and each other answer."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from extensions.environment import read_questions
from extensions.features import changed_files, files, render, snapshot

# Answers to text questions: the first one that the validator accepts is used.
_TEXTS = ("Another Text", "another", "another@example.org", "another.example.org")


@cache
def question_effects(repository: Path) -> dict[str, list[str]]:
    """Return, by question, the files that an answer other than the default changes, adds or removes.

    A template without files has no effects. The result is cached, because it takes some seconds.

    Raises:
        ValueError: `copier.yml` refuses its own defaults, or every answer that was tried.
    """
    if not (repository / "template").is_dir():
        return {}
    effects: dict[str, list[str]] = {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        template = snapshot(repository, folder / "template")
        default = render(template, folder / "default", {})
        for name, question in read_questions(repository).items():
            if question.get("when") is False:
                continue
            others = [
                _render_first(template, folder / f"{name}-{number}", name, answers)
                for number, answers in enumerate(_others(question))
            ]
            found = {path for other in others for path in changed_files(default, other)}
            effects[name] = sorted(found.union(*(files(default) ^ files(other) for other in others)))
    return effects


def _others(question: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield answers to render with. Each is a list of candidates, because a validator may refuse some."""
    choices = question.get("choices")
    if choices is None:
        yield list(_TEXTS)
        return
    values = list(choices.values() if isinstance(choices, dict) else choices)
    answers = [[], values] if question.get("multiselect") else values
    yield from ([answer] for answer in answers if answer != question["default"])


def _render_first(template: Path, destination: Path, name: str, answers: list[Any]) -> Path:
    """Render with the first candidate that the validator accepts, and return the project."""
    for answer in answers[:-1]:
        try:
            return render(template, destination, {name: answer})
        except ValueError:
            continue
    return render(template, destination, {name: answers[-1]})
