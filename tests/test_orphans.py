"""What only one answer needs is gone with that answer: computed from renders, so that a new one joins by itself."""

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


# Words that stand for other things too: where they are names.
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
def test_nobody_speaks_of_what_went_with_an_answer(before: Answers, after: Answers, rendered: Render) -> None:
    had, has = names(rendered(before)), names(rendered(after))
    found = {kind: mentions(rendered(after), kind, had[kind] - has[kind]) for kind in had}
    assert {kind: sorted(places) for kind, places in found.items() if places} == {}


# What nobody reads ------------------------------------------------------------------

BARE = [pytest.param(after, id=name.partition(",")[0]) for name, _, after in departures()]
# Each once, though several others may have been left for it.
BARE = list({parameter.id: parameter for parameter in BARE}.values())


@pytest.fixture
def project(request: pytest.FixtureRequest, install_project: Render) -> Project:
    return install_project(request.param)


@pytest.mark.parametrize("answers", BARE)
def test_every_variable_of_the_example_is_read(answers: Answers, rendered: Render) -> None:
    project = rendered(answers)
    texts = [project.read(str(path)) for path in project.files() if path.suffix == ".py"]
    read = {name for text in texts for name in re.findall(r"[\"'](\w+)[\"']", text)}
    assert sorted(names(project)["variable"] - read) == []


# Names that a library puts together: its own prefix, and what it looks for.
PREFIXES: Mapping[str, Callable[[str], str]] = {"CELERY_": str.lower, "DJANGO_STRUCTLOG_": str}


def looked_for(setting: str) -> str:
    """Return the word that stands in the code of whoever reads a setting."""
    for prefix, change in PREFIXES.items():
        if setting.startswith(prefix):
            return change(setting.removeprefix(prefix))
    return setting


@pytest.mark.parametrize("project", BARE, indirect=True)
def test_every_setting_is_read(project: Project) -> None:
    """By the project, or by something that it installs."""
    unread = {looked_for(name): name for name in names(project)["setting"]}
    own = [project.path / path for path in project.files() if not str(path).startswith("config/settings/")]
    for path in [*own, *(project.path / ".venv").resolve().rglob("*.py")]:
        for word in unread.keys() & set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace"))):
            del unread[word]
    assert sorted(unread.values()) == []
