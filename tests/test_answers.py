"""Answers of every kind: they come back as they were given, or are refused with one clear sentence."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml

from tests.conftest import Render
from tests.harness.commands import clean_environment
from tests.harness.hostile import HOSTILE_TEXTS
from tests.harness.paths import PROGRAMS, TEMPLATE
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION, FEATURES, QUESTIONS
from tests.harness.render import render
from tests.harness.syntax import parse_files

# What follows names Python packages, services and images: it must be safe in all of them.
SLUG = re.compile(r"[a-z][a-z0-9_]{0,47}")

NOT_ONE_LINE = ["two\nlines", "carriage\rreturn", "tab\tbed", "nul\x00", "escape\x1b[31m", "separator\u2028here"]

REFUSED: list[tuple[str, Any]] = [
    *(("project_name", text) for text in ["", "   ", "x" * 301, *NOT_ONE_LINE]),
    *(("description", text) for text in ["x" * 301, *NOT_ONE_LINE]),
    *(("author_name", text) for text in ["", "   ", "x" * 101, *NOT_ONE_LINE]),
    *(
        ("project_slug", text)
        for text in [
            "", "Shop", "3pigs", "my-project", "my project", "_shop", "shop\n", "sh'op", "x" * 49, "é",
            "class", "match", "django", "celery", "test", "os", "config", "apps", "true", "none",
        ]
    ),
    *(
        ("author_email", text)
        for text in [
            "", "bob", "bob@", "@example.com", "bob@example", "bob example@example.com", "bob@example.com\n",
            'bob"@example.com', "bob@exa mple.com", "bob@-example.com", "a@b.com, c@d.com", "bob@" + "x" * 250 + ".com",
        ]
    ),
    *(
        ("domain_name", text)
        for text in [
            "", "localhost", "https://example.com", "example.com/", "example.com:8000", "exa mple.com", "Example.com",
            "-example.com", "example-.com", "example..com", ".example.com", "example.com.", "*.example.com",
            "example.com\n", "127.0.0.1", "x" * 64 + ".com", "x." * 126 + "com", "exämple.com",
        ]
    ),
    ("python_version", "2.7"),
    ("django_version", "4.2"),
    ("features", ["nothing_like_it"]),
    ("features", ["celery", "nothing_like_it"]),
    ("ci", "jenkins"),
    ("database_pool", "none"),
    ("server", "cgi"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_text_is_rendered_unchanged(text: str, render_texts: Render) -> None:
    answers = {"project_name": text, "description": text, "author_name": text}
    project = render_texts(answers)
    parse_files(project)

    remembered = yaml.safe_load(project.read(".copier-answers.yml"))
    assert {name: remembered[name] for name in answers} == answers
    about = tomllib.loads(project.read("pyproject.toml"))["project"]
    assert about["description"] == text
    assert about["authors"][0]["name"] == text
    assert SLUG.fullmatch(remembered["project_slug"])
    assert remembered["project_slug"] not in QUESTIONS["reserved_names"]["default"].split()


def test_texts_reach_the_running_project(install_project: Render) -> None:
    """Django reads all hostile characters correctly."""
    text = "".join(sorted(set("".join(HOSTILE_TEXTS)))).strip()
    project = install_project({"project_name": text, "description": text})
    seen = project.evaluate(
        "[settings.SPECTACULAR_SETTINGS[name] for name in ('TITLE', 'DESCRIPTION')]",
        "from django.conf import settings",
    )
    assert seen == [text, text]


@pytest.mark.parametrize("length", [1, 300])
def test_longest_and_shortest_texts_are_accepted(length: int, render_texts: Render) -> None:
    project = render_texts({"project_name": "x" * length, "description": "y" * length})
    parse_files(project)
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["description"] == "y" * length


def test_empty_description_is_accepted(render_texts: Render) -> None:
    project = render_texts({"description": ""})
    parse_files(project)
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["description"] == ""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("author_email", "first.last+tag@sub.example.co"),
        ("domain_name", "api.example.com"),
        ("domain_name", "xn--exmple-cua.com"),
        ("project_slug", "x"),
        ("project_slug", "x" * 48),
    ],
)
def test_unusual_valid_answers_are_accepted(question: str, answer: str, render_texts: Render) -> None:
    project = render_texts({question: answer})
    parse_files(project)
    assert yaml.safe_load(project.read(".copier-answers.yml"))[question] == answer


@pytest.mark.parametrize(("question", "answer"), REFUSED)
def test_invalid_answer_is_refused_with_one_sentence_and_leaves_no_file(
    question: str, answer: object, texts_template: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=question) as refusal:
        render(texts_template, tmp_path / "project", {question: answer})

    sentence = str(refusal.value).removeprefix(f"Validation error for question '{question}': ")
    assert "\n" not in sentence
    if "choices" not in QUESTIONS[question]:
        # Copier itself words the refusal of a choice.
        assert _is_one_sentence(sentence), sentence
    assert list(tmp_path.iterdir()) == []


def _is_one_sentence(text: str) -> bool:
    """Return whether a text is one sentence."""
    return bool(re.fullmatch(r"[A-Z\"][^\n]*\.", text)) and not re.search(r"[.!?]\s+[A-Z]", text)


def test_refusal_on_the_command_line_leaves_no_file(template: Path, tmp_path: Path) -> None:
    project = Project(tmp_path, {})
    answer = project.run(
        PROGRAMS / "copier",
        *("copy", "--defaults", "--data", "domain_name=https://example.com", template, tmp_path / "project"),
        check=False,
    )
    assert answer.returncode != 0
    assert "without scheme, port or path: api.example.com" in answer.stderr.splitlines()[-1]
    assert not (tmp_path / "project").exists()


def test_invalid_answer_at_the_prompt_is_asked_again(template: Path, tmp_path: Path) -> None:
    """The message appears under the answer, which can then be corrected."""
    terminal = pexpect.spawn(
        str(PROGRAMS / "copier"),
        ["copy", str(template), str(tmp_path / "project")],
        env={**clean_environment(), "TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 250),
    )
    for question in _asked_questions():
        terminal.expect_exact(str(QUESTIONS[question]["help"]))
        if question == "author_email":
            # The prompt holds the default: what is typed comes after it.
            terminal.send(" and more\r")
            terminal.expect_exact("Enter an email address: you@example.com, for example.")
            terminal.send("\x7f" * len(" and more"))
        terminal.send("\r")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    answers = yaml.safe_load((tmp_path / "project" / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["author_email"] == "you@example.com"


def _asked_questions() -> list[str]:
    return [
        name for name, question in QUESTIONS.items() if question.get("when") is not False and question.get("ask", True)
    ]


def test_every_question_has_a_help_text() -> None:
    unhelpful = [
        name
        for name, question in QUESTIONS.items()
        if question.get("when") is not False and not str(question.get("help", "")).strip()
    ]
    assert unhelpful == []


def test_every_free_text_has_a_validator() -> None:
    unchecked = [
        name
        for name, question in QUESTIONS.items()
        if question.get("when") is not False
        and question["type"] == "str"
        and "choices" not in question
        and "validator" not in question
    ]
    assert unchecked == []


def test_features_and_hidden_flags_match() -> None:
    flags = {
        name for name, question in QUESTIONS.items() if question.get("when") is False and question["type"] == "bool"
    }
    assert flags == set(FEATURES)


@pytest.mark.parametrize("feature", FEATURES)
def test_files_of_a_feature_exist_only_when_it_is_chosen(feature: str, rendered: Render) -> None:
    # What two features own together is there with both of them.
    chosen = rendered({"features": list(FEATURES)})
    without = rendered({"features": [other for other in FEATURES if other != feature]})
    for path in _owned_paths(feature):
        assert (chosen.path / path).exists(), f"{feature} is on, and {path} is missing"
        assert not (without.path / path).exists(), f"{feature} is off, and {path} is there"


def _owned_paths(flag: str) -> list[str]:
    """Return the paths that the table in `copier.yml` gives to a feature."""
    return [
        path
        for block in CONFIGURATION["_exclude"]
        if block.startswith(f"{{% if not {flag} %}}")
        for path in block.strip().splitlines()[1:-1]
    ]


def test_paths_of_features_exist_in_the_template() -> None:
    """A mistyped path would exclude nothing, and say nothing."""
    owned = [
        path
        for block in CONFIGURATION["_exclude"]
        if block.startswith("{%")
        for path in block.splitlines()
        if path.strip() and not path.startswith("{%")
    ]
    assert owned
    missing = [path for path in owned if not (TEMPLATE / path).exists() and not (TEMPLATE / f"{path}.jinja").exists()]
    assert missing == []
