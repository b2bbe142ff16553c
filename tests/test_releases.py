"""A release is cut whole or not at all, found without its tag, and never taken back."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from releases.changelog import release_notes
from releases.cut import RefusedError, check, cut, next_versions
from releases.frozen import freeze, thaw
from releases.history import Release, find_releases, supported_releases
from tests.conftest import Render
from tests.harness.git import commit_everything, git
from tests.harness.hostile import HOSTILE_TEXTS
from tests.harness.matrix import is_valid, pairwise
from tests.harness.paths import ROOT
from tests.harness.questions import CONFIGURATION, QUESTIONS, choices_of
from tests.harness.render import render

RELEASES = supported_releases(ROOT)
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- All.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a small repository that has never released anything."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "0.0.0"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    (folder / "releases").mkdir()
    (folder / "releases" / "__init__.py").touch()
    commit_everything(folder, "Start")
    # The code under test commits with the identity of the repository.
    git(folder, "config", "user.name", "Test")
    git(folder, "config", "user.email", "test@example.com")
    return folder


def release(repository: Path, text: str) -> None:
    """Cut a release of a small repository, which has nothing to prove."""
    cut(
        repository,
        check(repository, text),
        prove=lambda: None,
        record=lambda version: (repository / "releases" / f"{version}.yml").write_text("{}\n", encoding="utf-8"),
    )


def say(repository: Path, line: str) -> None:
    """Put a line under what is unreleased, and commit it."""
    changelog = repository / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("## [Unreleased]\n", f"## [Unreleased]\n\n- {line}\n"), encoding="utf-8")
    commit_everything(repository, line)


def test_release_is_a_commit_and_a_tag_with_its_version(repository: Path) -> None:
    release(repository, "0.1.0")

    assert git(repository, "log", "-1", "--format=%s").strip() == "Release 0.1.0"
    assert git(repository, "describe").strip() == "v0.1.0"
    assert git(repository, "status", "--porcelain") == ""
    assert 'version = "0.1.0"' in (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert "## [0.1.0] - 2" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (repository / "releases" / "0.1.0.yml").exists()


def test_releases_are_found_without_tags_in_version_order(repository: Path) -> None:
    for text in ("0.1.0", "0.2.0", "0.2.1"):
        say(repository, f"What {text} brings")
        release(repository, text)
        git(repository, "tag", "--delete", f"v{text}")
    say(repository, "Release 0.3.0 is near")

    found = find_releases(repository)

    assert [str(one.version) for one in found] == ["0.1.0", "0.2.0", "0.2.1"]
    assert git(repository, "show", "--format=%s", "--no-patch", found[0].commit).strip() == "Release 0.1.0"


def test_release_without_record_is_not_supported_but_counts_for_next_version(repository: Path) -> None:
    release(repository, "0.1.0")
    (repository / "releases" / "0.1.0.yml").unlink()
    commit_everything(repository, "Stop supporting 0.1.0")
    assert supported_releases(repository) == []

    say(repository, "More")
    release(repository, "0.2.0")

    assert [one.tag for one in supported_releases(repository)] == ["v0.2.0"]


def test_shallow_clone_is_an_error_that_says_what_to_do(repository: Path, tmp_path: Path) -> None:
    say(repository, "More")
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(LookupError, match="git fetch --unshallow"):
        find_releases(tmp_path / "shallow")


@pytest.mark.parametrize("text", ["", "1", "0.1", "v0.1.0", "0.1.0rc1", "01.1.0", "0.1.0\n", "latest"])
def test_invalid_version_is_refused(repository: Path, text: str) -> None:
    with pytest.raises(RefusedError, match="three numbers"):
        release(repository, text)


@pytest.mark.parametrize("text", ["0.1.0", "0.0.9", "0.1.2", "0.3.0", "2.0.0"])
def test_version_that_does_not_follow_is_refused(repository: Path, text: str) -> None:
    release(repository, "0.1.0")
    with pytest.raises(RefusedError, match=r"does not follow: it is 0\.1\.1 or 0\.2\.0 or 1\.0\.0"):
        release(repository, text)


def test_uncommitted_changes_are_refused(repository: Path) -> None:
    (repository / "new.txt").touch()
    with pytest.raises(RefusedError, match="uncommitted"):
        release(repository, "0.1.0")


def test_branch_other_than_main_is_refused(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "other")
    with pytest.raises(RefusedError, match="this is other"):
        release(repository, "0.1.0")


def test_empty_changelog_is_refused(repository: Path) -> None:
    release(repository, "0.1.0")
    with pytest.raises(ValueError, match="has nothing under"):
        release(repository, "0.1.1")


def test_failed_tests_release_nothing_and_leave_no_change(repository: Path) -> None:
    before = git(repository, "rev-parse", "HEAD")

    def prove() -> None:
        assert 'version = "0.1.0"' in (repository / "pyproject.toml").read_text(encoding="utf-8")
        subprocess.run(["false"], check=True)

    with pytest.raises(subprocess.CalledProcessError):
        cut(
            repository,
            Version("0.1.0"),
            prove=prove,
            record=lambda _: (repository / "releases" / "0.1.0.yml").touch(),
        )

    assert git(repository, "rev-parse", "HEAD") == before
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "tag") == ""


def test_file_that_appears_during_the_tests_is_neither_released_nor_deleted(repository: Path) -> None:
    before = git(repository, "rev-parse", "HEAD")
    mine = repository / "mine.py"

    with pytest.raises(RefusedError, match=r"was not tested: mine\.py\."):
        cut(
            repository,
            Version("0.1.0"),
            prove=lambda: mine.write_text("mine\n", encoding="utf-8"),
            record=lambda _: (repository / "releases" / "0.1.0.yml").touch(),
        )

    assert git(repository, "rev-parse", "HEAD") == before
    assert git(repository, "status", "--porcelain") == "?? mine.py\n"
    assert mine.read_text(encoding="utf-8") == "mine\n"


def test_commit_during_the_tests_is_not_released(repository: Path) -> None:
    with pytest.raises(RefusedError, match="another commit is checked out"):
        cut(
            repository,
            Version("0.1.0"),
            prove=lambda: git(repository, "commit", "--quiet", "--allow-empty", "--message", "Mine"),
            record=lambda _: (repository / "releases" / "0.1.0.yml").touch(),
        )

    assert git(repository, "log", "-1", "--format=%s").strip() == "Mine"
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "tag") == ""


def test_release_notes_stay_under_their_version() -> None:
    from datetime import date  # noqa: PLC0415

    notes = release_notes(CHANGELOG + "\n## [0.0.1] - 2026-01-01\n\n- Old.\n", Version("0.1.0"), date(2026, 11, 24))
    assert notes == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-24\n\n### Added\n\n- All.\n"
        "\n## [0.0.1] - 2026-01-01\n\n- Old.\n"
    )


# This repository's own ------------------------------------------------------------------


def test_next_version_follows_the_last() -> None:
    assert list(map(str, next_versions(Version("1.2.3")))) == ["1.2.4", "1.3.0", "2.0.0"]
    assert list(map(str, next_versions(None))) == ["0.1.0"]


each_release = pytest.mark.parametrize("released", RELEASES, ids=[one.tag for one in RELEASES])


@each_release
def test_release_has_its_version_notes_and_record(released: Release) -> None:
    project = git(ROOT, "show", f"{released.commit}:pyproject.toml")
    assert f'version = "{released.version}"' in project
    assert f"## [{released.version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(thaw(released.version)["answers"]) >= 6


def has_changed(question: Mapping[str, Any], now: Mapping[str, Any] | None) -> bool:
    """Return whether a question of a release changed its meaning, lost a choice, or is no longer asked."""
    return (
        now is None
        or now.get("when") is False
        or any(question.get(key) != now.get(key) for key in ("type", "multiselect"))
        or not set(question.get("choices", [])) <= set(choices_of(now) if "choices" in question else [])
    )


@each_release
def test_questions_of_a_release_keep_their_names_types_and_choices(released: Release) -> None:
    asked = thaw(released.version)["questions"]
    assert [name for name, question in asked.items() if has_changed(question, QUESTIONS.get(name))] == []


@pytest.mark.parametrize(
    "change",
    [{"when": False}, {"type": "int"}, {"multiselect": True}, {"choices": ["wsgi"]}],
    ids=lambda change: next(iter(change)),
)
def test_changed_question_is_found(change: dict[str, Any]) -> None:
    server = QUESTIONS["server"]
    assert not has_changed({**server, "choices": choices_of(server)}, server)
    assert has_changed({**server, "choices": choices_of(server)}, {**server, **change})


@each_release
def test_answers_of_a_release_are_still_accepted(released: Release) -> None:
    record = thaw(released.version)
    each_choice = [
        {name: [choice] if question.get("multiselect") else choice}
        for name, question in record["questions"].items()
        for choice in question.get("choices", [])
    ]
    pairs = list(pairwise(questions_of(released)))
    assert [answers for answers in record["answers"] + each_choice + pairs if not is_valid(QUESTIONS, answers)] == []


def questions_of(released: Release) -> dict[str, Any]:
    """Return the questions of a release, hidden ones too."""
    configuration = yaml.safe_load(git(ROOT, "show", f"{released.commit}:copier.yml"))
    return {name: question for name, question in configuration.items() if not name.startswith("_")}


def takes(questions: Mapping[str, Mapping[str, Any]], name: str, text: str) -> bool:
    """Say whether a question takes a text, where the words that it is held against are known."""
    words = {
        hidden: question["default"]
        for hidden, question in questions.items()
        if question.get("when") is False and "{" not in str(question["default"])
    }
    return is_valid(questions, {**words, name: text})


# Names, addresses and domains of all lengths, and texts that are refused today.
TEXTS = [
    *HOSTILE_TEXTS,
    *("a" * length for length in (1, 10, 20, 40, 47, 48, 63, 100, 200, 253, 254, 300)),
    *("shop", "my_shop", "shop_2", "a_b_c", "orders", "cart"),
    *("example.com", "shop.example.co.uk", "a-b.io", "xn--bcher-kva.example", "1.example", "a.museum"),
    *("ada@example.com", "a.b+c@shop.example.co.uk", "a_b@x-y.io", "1@2.com", "ada.o'brien@example.com"),
    *QUESTIONS["reserved_names"]["default"].split(),
]


def refused_now(then: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return which questions took which texts and refuse them now."""
    asked = [
        name
        for name, question in then.items()
        if question["type"] == "str" and "choices" not in question and question.get("when") is not False
    ]
    return [(name, text) for name in asked for text in TEXTS if takes(then, name, text) and not takes(now, name, text)]


@each_release
def test_texts_of_a_release_are_still_accepted(released: Release) -> None:
    """Copier puts the default in the place of an answer that is refused now, and says nothing: a project is renamed."""
    assert refused_now(questions_of(released), QUESTIONS) == []


def test_text_that_is_no_longer_accepted_is_found() -> None:
    words = QUESTIONS["reserved_names"]
    reserved = {**QUESTIONS, "reserved_names": {**words, "default": f"{words['default']} shop"}}
    assert refused_now(QUESTIONS, reserved) == [("project_slug", "shop")]

    short = "{% if description | length > 100 %}At most 100 characters.{% endif %}"
    refused = refused_now(QUESTIONS, {**QUESTIONS, "description": {**QUESTIONS["description"], "validator": short}})
    assert {(name, len(text)) for name, text in refused} == {("description", length) for length in (200, 253, 254, 300)}


def dismissed(changelog: str) -> set[str]:
    """Return the paths of which the sections "Removed" say what becomes of an edit."""
    sections = re.findall(r"^### Removed\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return {path for section in sections for path in re.findall(r"^- `([^`]+)`: \S", section, re.MULTILINE)}


def test_removed_path_has_an_entry_of_its_own() -> None:
    entry = "### Removed\n\n- `docs/a.md`: is part of `docs/b.md`; move what you wrote there.\n"
    assert dismissed(f"## [Unreleased]\n\n### Fixed\n\n- `docs/c.md` is right.\n\n{entry}\n## [0.1.0]\n") == {
        "docs/a.md"
    }
    assert dismissed("### Fixed\n\n- `docs/c.md`: a word.\n") == set()


@each_release
def test_removed_paths_of_a_release_are_in_the_changelog(
    released: Release, versions: Path, rendered: Render, tmp_path: Path
) -> None:
    """An update drops the user's edits of a renamed file, so the changelog must say what to do."""
    newer = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition(f"## [{released.version}]")[0]
    gone = set()
    for number, answers in enumerate(thaw(released.version)["answers"]):
        then = render(versions, tmp_path / str(number), answers, version=released.tag)
        gone |= {path.as_posix() for path in set(then.files()) - set(rendered(answers).files())}
    assert sorted(gone - dismissed(newer)) == []


def test_release_record_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("releases.frozen.FOLDER", tmp_path)
    answers = [{"project_name": "🚀: 'x'", "features": ["celery"], "django_version": "5.2"}]
    freeze(Version("1.2.3"), QUESTIONS, answers)

    record = thaw(Version("1.2.3"))

    assert record["answers"] == answers
    assert record["questions"]["django_version"]["choices"] == ["5.2", "6.1"]
    assert set(record["questions"]) == {
        name for name, question in QUESTIONS.items() if question.get("when") is not False
    }
    assert set(CONFIGURATION) > set(record["questions"])
