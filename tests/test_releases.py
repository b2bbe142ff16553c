"""A release is cut whole or not at all, found without its tag, and never taken back."""

import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from releases.changelog import release_notes
from releases.cut import RefusedError, check, cut, next_versions
from releases.frozen import freeze, thaw
from releases.history import Release, find_releases
from tests.harness.git import commit_everything, git
from tests.harness.matrix import is_valid
from tests.harness.paths import ROOT
from tests.harness.questions import CONFIGURATION, QUESTIONS, choices_of

RELEASES = find_releases(ROOT)
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
    # An identity of its own: the code under test commits as whoever runs it.
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@example.com")
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


def test_a_release_is_a_commit_and_a_tag_with_its_version_everywhere(repository: Path) -> None:
    release(repository, "0.1.0")

    assert git(repository, "log", "-1", "--format=%s").strip() == "Release 0.1.0"
    assert git(repository, "describe").strip() == "v0.1.0"
    assert git(repository, "status", "--porcelain") == ""
    assert 'version = "0.1.0"' in (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert "## [0.1.0] - 2" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (repository / "releases" / "0.1.0.yml").exists()


def test_releases_are_found_without_their_tags_in_the_order_of_their_versions(repository: Path) -> None:
    for text in ("0.1.0", "0.2.0", "0.2.1"):
        say(repository, f"What {text} brings")
        release(repository, text)
        git(repository, "tag", "--delete", f"v{text}")
    say(repository, "Release 0.3.0 is near")

    found = find_releases(repository)

    assert [str(one.version) for one in found] == ["0.1.0", "0.2.0", "0.2.1"]
    assert git(repository, "show", "--format=%s", "--no-patch", found[0].commit).strip() == "Release 0.1.0"


def test_a_shallow_clone_says_what_to_do(repository: Path, tmp_path: Path) -> None:
    say(repository, "More")
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(LookupError, match="git fetch --unshallow"):
        find_releases(tmp_path / "shallow")


@pytest.mark.parametrize("text", ["", "1", "0.1", "v0.1.0", "0.1.0rc1", "01.1.0", "0.1.0\n", "latest"])
def test_what_is_no_version_is_refused(repository: Path, text: str) -> None:
    with pytest.raises(RefusedError, match="three numbers"):
        release(repository, text)


@pytest.mark.parametrize("text", ["0.1.0", "0.0.9", "0.1.2", "0.3.0", "2.0.0"])
def test_a_version_that_does_not_follow_is_refused_and_told_which_do(repository: Path, text: str) -> None:
    release(repository, "0.1.0")
    with pytest.raises(RefusedError, match=r"does not follow: it is 0\.1\.1 or 0\.2\.0 or 1\.0\.0"):
        release(repository, text)


def test_what_is_uncommitted_is_refused(repository: Path) -> None:
    (repository / "new.txt").touch()
    with pytest.raises(RefusedError, match="uncommitted"):
        release(repository, "0.1.0")


def test_another_branch_is_refused(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "other")
    with pytest.raises(RefusedError, match="this is other"):
        release(repository, "0.1.0")


def test_a_changelog_that_says_nothing_is_refused(repository: Path) -> None:
    release(repository, "0.1.0")
    with pytest.raises(ValueError, match="has nothing under"):
        release(repository, "0.1.1")


def test_what_does_not_hold_is_not_released_and_nothing_is_left_of_it(repository: Path) -> None:
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


def test_notes_stay_under_the_version_they_were_written_for() -> None:
    from datetime import date  # noqa: PLC0415

    notes = release_notes(CHANGELOG + "\n## [0.0.1] - 2026-01-01\n\n- Old.\n", Version("0.1.0"), date(2026, 11, 24))
    assert notes == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-24\n\n### Added\n\n- All.\n"
        "\n## [0.0.1] - 2026-01-01\n\n- Old.\n"
    )


# This repository's own ------------------------------------------------------------------


def test_the_next_version_follows_from_the_last() -> None:
    assert list(map(str, next_versions(Version("1.2.3")))) == ["1.2.4", "1.3.0", "2.0.0"]
    assert list(map(str, next_versions(None))) == ["0.1.0"]


each_release = pytest.mark.parametrize("released", RELEASES, ids=[one.tag for one in RELEASES])


@each_release
def test_each_release_has_its_version_its_notes_and_its_record(released: Release) -> None:
    project = git(ROOT, "show", f"{released.commit}:pyproject.toml")
    assert f'version = "{released.version}"' in project
    assert f"## [{released.version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(thaw(released.version)["answers"]) >= 6


@each_release
def test_no_question_was_renamed_or_given_another_meaning_and_no_choice_was_taken_away(released: Release) -> None:
    asked = thaw(released.version)["questions"]
    changed = {
        name: question
        for name, question in asked.items()
        if name not in QUESTIONS
        or QUESTIONS[name]["type"] != question["type"]
        or QUESTIONS[name].get("multiselect") != question.get("multiselect")
        or not set(question.get("choices", [])) <= set(choices_of(QUESTIONS[name]) if "choices" in question else [])
    }
    assert changed == {}


@each_release
def test_every_answer_that_was_taken_is_taken_still(released: Release) -> None:
    record = thaw(released.version)
    each_choice = [
        {name: [choice] if question.get("multiselect") else choice}
        for name, question in record["questions"].items()
        for choice in question.get("choices", [])
    ]
    assert [answers for answers in record["answers"] + each_choice if not is_valid(QUESTIONS, answers)] == []


@each_release
def test_no_path_of_a_release_is_gone_without_a_word_on_what_becomes_of_an_edit(released: Release) -> None:
    """A file that is renamed loses what its user did to it, unless somebody has thought of a way."""

    def rendered(names: list[str]) -> set[str]:
        return {name.removeprefix("template/").removesuffix(".jinja") for name in names}

    then = rendered(git(ROOT, "ls-tree", "-r", "--name-only", released.commit, "template/").splitlines())
    now = rendered(git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "template/").splitlines())
    newer = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition(f"## [{released.version}]")[0]
    assert sorted(path for path in then - now if f"`{path}`" not in newer) == []


def test_a_record_comes_back_as_it_was_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
