"""The questions and answers of a release: later versions must accept them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

FOLDER = Path(__file__).parent
# What a later release must not change in a question.
_KEPT = ("type", "multiselect", "choices")
_INTRODUCTION = """\
# The questions of {version}, and the answers of the projects that tests update from it.
# Written by `make release`. Do not edit.
"""


def freeze(version: Version, questions: Mapping[str, Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]) -> Path:
    """Write the record of a release, and return its path.

    Args:
        version: The release.
        questions: The questions of `copier.yml`. Hidden ones are left out.
        answers: The answers of projects that later tests update from this release.
    """
    record = {
        "questions": {
            name: {
                key: list(question[key].values()) if isinstance(question[key], dict) else question[key]
                for key in _KEPT
                if key in question
            }
            for name, question in questions.items()
            if question.get("when") is not False
        },
        "answers": [dict(chosen) for chosen in answers],
    }
    path = FOLDER / f"{version}.yml"
    text = yaml.safe_dump(record, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(_INTRODUCTION.format(version=version) + text, encoding="utf-8")
    return path


def thaw(version: Version) -> dict[str, Any]:
    """Return the record of a release: its `questions` by name, and a list of `answers`.

    Raises:
        FileNotFoundError: There is none.
    """
    record: dict[str, Any] = yaml.safe_load((FOLDER / f"{version}.yml").read_text(encoding="utf-8"))
    return record
