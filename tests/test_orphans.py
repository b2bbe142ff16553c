"""A render without a feature has no files, settings or dependencies of that feature."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

import pytest

from extensions.features import FACTS
from tests.conftest import Render
from tests.harness.matrix import open_choices
from tests.harness.project import Project
from tests.harness.questions import FEATURES, QUESTIONS, Answers

ALL: Answers = {"features": FEATURES}
# They differ in numbers, not in what is there.
VERSIONS = {"python_version", "django_version"}
# What a person answered is kept, whatever it adds.
ANSWERS_FILE = ".copier-answers.yml"


def departures() -> Iterator[tuple[str, Answers, Answers]]:
    """Yield for each answer that can be left a name, a project with it, and the same project with another."""
    for choice in open_choices(QUESTIONS):
        if choice.member:
            yield f"without {choice.member}", ALL, {"features": [name for name in FEATURES if name != choice.member]}
        elif choice.question not in VERSIONS:
            for left in choice.offered:
                for taken in choice.offered:
                    if left != taken:
                        name = f"{choice.question} {taken}, not {left}"
                        yield name, {**ALL, choice.question: left}, {**ALL, choice.question: taken}


DEPARTURES = [pytest.param(before, after, id=name) for name, before, after in departures()]


def names(project: Project) -> dict[str, set[str]]:
    """Return what a project has and a text could speak of, by kind."""
    facts = {title: fact(project.path) for title, fact in FACTS.items()}
    paths = {path for path in facts["Files"] if path != ANSWERS_FILE}
    modules = {".".join(PurePosixPath(path).with_suffix("").parts) for path in paths if path.endswith(".py")}
    return {
        "file": paths | modules,
        "dependency": {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in facts["Dependencies"]},
        "setting": facts["Settings"],
        "variable": facts["Environment"],
        "target": set(re.findall(r"^\.PHONY: (\S+)$", project.read("Makefile"), re.MULTILINE)),
        "service": facts["Services"],
    }


# Words with other meanings too: patterns for where they are names.
NAMED = {
    "target": r"(?:`|^\s*)make (?:[a-z-]+ )*{}",
    "service": r"docker compose [^\n`]*\b{}",
}


def mentions(project: Project, kind: str, names: set[str]) -> set[str]:
    """Return where a project speaks of any of these names."""
    forms = [NAMED.get(kind, "{}").format(re.escape(name)) for name in sorted(names)]
    pattern = re.compile(rf"(?<![\w/.-])(?:{'|'.join(forms)})(?![\w/-])")
    return {
        f"{path}:{number}: {line.strip()}"
        for path in project.files()
        if str(path) != ANSWERS_FILE
        for number, line in enumerate((project.path / path).read_text(encoding="utf-8").splitlines(), start=1)
        if names and pattern.search(line)
    }


@pytest.mark.parametrize(("before", "after"), DEPARTURES)
def test_nothing_mentions_what_an_answer_removed(before: Answers, after: Answers, rendered: Render) -> None:
    had, has = names(rendered(before)), names(rendered(after))
    found = {kind: mentions(rendered(after), kind, had[kind] - has[kind]) for kind in had}
    assert {kind: sorted(places) for kind, places in found.items() if places} == {}


# Unused settings and files ------------------------------------------------------------------

BARE = [pytest.param(after, id=name.partition(",")[0]) for name, _, after in departures()]
# Each once, though several others may have been left for it.
BARE = list({parameter.id: parameter for parameter in BARE}.values())


@pytest.fixture
def project(request: pytest.FixtureRequest, install_variant: Render) -> Project:
    return install_variant(request.param)


@pytest.mark.parametrize("answers", BARE)
def test_every_variable_of_env_example_is_read(answers: Answers, rendered: Render) -> None:
    project = rendered(answers)
    texts = [project.read(str(path)) for path in project.files() if path.suffix == ".py"]
    read = {name for text in texts for name in re.findall(r"[\"'](\w+)[\"']", text)}
    assert sorted(names(project)["variable"] - read) == []


@pytest.mark.parametrize("answers", BARE)
def test_no_name_contains_a_feature_that_is_off(answers: Answers, rendered: Render) -> None:
    project = rendered(answers)
    off = [feature for feature in FEATURES if feature not in answers.get("features", FEATURES)]
    found = {
        f"{kind}: {name}"
        for kind, there in names(project).items()
        for name in there
        if any(feature in name.lower() for feature in off)
    }
    # The example of an environment.
    assert sorted(found - {"file: .env.example"}) == []


# Files that tools or people find by name, so that no other file mentions them.
FOUND_BY_NAME = re.compile(r"(^|/)\.|^AGENTS\.md$|^config/[aw]sgi\.py$|/migrations/|(^|/)test_\w+\.py$|__init__\.py$")


def unused(project: Project) -> list[str]:
    """Return the files that no other file speaks of, their own tests apart."""
    texts = {path: project.read(str(path)) for path in project.files()}
    found = []
    for path in texts:
        name = path.stem if path.suffix in {".py", ".txt", ".html"} else path.name
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        others = (text for other, text in texts.items() if other != path and other.name != f"test_{path.stem}.py")
        if not FOUND_BY_NAME.search(path.as_posix()) and not any(map(word.search, others)):
            found.append(path.as_posix())
    return found


@pytest.mark.parametrize("answers", BARE)
def test_every_file_is_used_by_another(answers: Answers, rendered: Render) -> None:
    assert unused(rendered(answers)) == []


def test_unused_file_is_found(render_project: Render) -> None:
    project = render_project({"features": []})
    left = ["templates/mail/order_confirmation.txt", "apps/core/leftover.py"]
    for path in left:
        project.write(path, '"""Left."""\n')
    project.write("apps/core/tests/test_leftover.py", "from apps.core import leftover\n")
    assert sorted(unused(project)) == sorted(left)


@pytest.mark.parametrize("answers", BARE)
def test_pipelines_use_existing_targets_and_files(answers: Answers, rendered: Render) -> None:
    project = rendered(answers)
    files = {path.as_posix() for path in project.files()}
    pipelines = [path for path in files if path.startswith(".github/workflows/") or path == ".gitlab-ci.yml"]
    text = "\n".join(map(project.read, pipelines))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= names(project)["target"]
    assert set(re.findall(r"(?<![\w./-])(?:scripts|docker|config)/[\w./-]+", text)) <= files


# Names that a library puts together: its own prefix, and what it looks for.
PREFIXES: Mapping[str, Callable[[str], str]] = {"CELERY_": str.lower, "DJANGO_STRUCTLOG_": str}


def looked_for(setting: str) -> str:
    """Return the word that code which reads a setting contains."""
    for prefix, change in PREFIXES.items():
        if setting.startswith(prefix):
            return change(setting.removeprefix(prefix))
    return setting


@pytest.mark.matrix
@pytest.mark.parametrize("project", BARE, indirect=True)
def test_every_setting_is_read(project: Project) -> None:
    """By the project, or by something that it installs."""
    unread = {looked_for(name): name for name in names(project)["setting"]}
    own = [project.path / path for path in project.files() if not str(path).startswith("config/settings/")]
    for path in [*own, *(project.path / ".venv").resolve().rglob("*.py")]:
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in [word for word in unread if word in text and re.search(rf"\b{word}\b", text)]:
            del unread[word]
    assert sorted(unread.values()) == []
