"""A render is clean: nothing empty, nothing left over, formatted already, and the same every time."""

import re
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.commands import clean_environment, execute
from tests.harness.git import commit_everything
from tests.harness.matrix import RENDERS
from tests.harness.paths import PROGRAMS
from tests.harness.project import Project
from tests.harness.questions import CONFIGURATION
from tests.harness.render import render
from tests.harness.snapshot import take_snapshot

HOSTILE_ANSWERS = {
    "a name in quotes": {"project_name": '"Bob\'s" Shop'},
    "a long name": {"project_name": "Long name" * 20, "description": ", ".join(["words"] * 40)},
    "a name of emoji": {"project_name": "🚀" * 20, "description": "日本語"},
}

# Files in which braces are the file's own: Django renders them later.
DJANGO_TEMPLATES = "templates"


EVERY_RENDER = {**RENDERS, **HOSTILE_ANSWERS}


# One process runs all tests of a render.
@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"render {name}")) for name in EVERY_RENDER],
)
def project(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return rendered(EVERY_RENDER[request.param])


def texts(project: Project) -> dict[Path, str]:
    """Return the text files of a project and what they hold."""
    contents = {path: (project.path / path).read_bytes() for path in project.files()}
    return {path: content.decode("utf-8") for path, content in contents.items() if b"\0" not in content}


def matching(project: Project, pattern: str, *, but_not: str = r"(?!)") -> list[str]:
    """Return `file:line` of each match of a pattern in the text files whose path does not match another."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in texts(project).items()
        if not re.search(but_not, str(path))
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]


def test_no_file_or_folder_is_empty(project: Project) -> None:
    empty = [
        str(path.relative_to(project.path))
        for path in project.path.rglob("*")
        if (path.is_dir() and not any(path.iterdir())) or (path.is_file() and not path.stat().st_size)
        # An empty __init__.py marks a package.
        if path.name != "__init__.py"
    ]
    assert empty == []


def test_every_file_ends_with_one_newline(project: Project) -> None:
    wrong = [
        str(path)
        for path, text in texts(project).items()
        if text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert wrong == []


def test_no_line_ends_in_spaces(project: Project) -> None:
    assert matching(project, r"[ \t]+$") == []


def test_no_file_starts_with_a_blank_line(project: Project) -> None:
    assert matching(project, r"\A\s*\n") == []


def test_no_blank_line_is_doubled(project: Project) -> None:
    """Python puts two between definitions, and the formatter sees to that: in files, and in a page that shows some."""
    assert matching(project, r"\n\n\n", but_not=r"\.py$|^docs/patterns\.md$") == []
    assert matching(project, r"\n\n\n\n") == []


def test_line_ends_are_unix(project: Project) -> None:
    assert matching(project, "\r") == []


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
REFUSED = re.compile(r"[\x00-\x1f<>:\"|?*\\]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def test_every_path_is_valid_on_every_system(project: Project) -> None:
    paths = [path.as_posix() for path in project.files()]
    assert [path for path in paths if any(map(REFUSED.search, path.split("/")))] == []
    # Windows and macOS take names for one that differ in case alone.
    assert len({path.casefold() for path in paths}) == len(paths)
    # Windows takes 260 characters, those of the folder around it included.
    assert [path for path in paths if len(path) > 120] == []


@pytest.mark.parametrize("name", ["aux.py", "Nul", "what?.md", "end.", "end ", "a:b"])
def test_path_that_windows_refuses_is_found(name: str) -> None:
    assert REFUSED.search(name)


def test_no_template_syntax_is_left(project: Project) -> None:
    """GitHub's own expressions are `${{ … }}`, and Make's shell functions may hold none. Answers may look like any."""
    answered = "|".join(re.escape(answer) for answer in project.answers.values() if isinstance(answer, str))
    assert (
        matching(
            project,
            rf"(?!{answered or '(?!)'})(?<!\$)(\{{\{{|\{{%|\{{#)",
            # Prometheus and Grafana have templates of their own.
            but_not=rf"^{DJANGO_TEMPLATES}/|/{DJANGO_TEMPLATES}/|^deploy/monitoring/",
        )
        == []
    )
    assert [path for path in project.files() if path.suffix == ".jinja" or "{{" in str(path)] == []


def test_only_programs_are_executable(project: Project) -> None:
    wrong = [
        str(path)
        for path, text in texts(project).items()
        if text.startswith("#!") != bool((project.path / path).stat().st_mode & 0o100)
    ]
    assert wrong == []


def test_render_is_formatted_and_linted(project: Project) -> None:
    project.run(PROGRAMS / "ruff", "format", "--check", "--diff", "--no-cache", ".")
    project.run(PROGRAMS / "ruff", "check", "--no-cache", ".")


def test_undefined_name_stops_the_render(tmp_path: Path) -> None:
    template = take_snapshot(tmp_path / "template")
    (template / "template" / "misspelt.txt.jinja").write_text("{{ projet_name }}\n", encoding="utf-8")
    commit_everything(template, "Misspelt", tag="0.0.2")

    command = (PROGRAMS / "copier", "copy", "--defaults", "--quiet", template, tmp_path / "project")
    answer = execute(*command, directory=tmp_path, check=False)

    assert answer.returncode != 0
    assert "'projet_name' is undefined" in answer.stderr


def test_same_answers_give_the_same_project(rendered: Render, template: Path, tmp_path: Path) -> None:
    project = rendered({})
    again = render(template, tmp_path / "again", project.answers)
    assert again.files() == project.files()
    differing = [
        str(path) for path in project.files() if (again.path / path).read_bytes() != (project.path / path).read_bytes()
    ]
    assert differing == []


def test_files_of_the_user_survive_a_second_render(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", {})
    # As the README promises it.
    patterns = ("README.md", "config/api.py", "config/settings/components/project.py", "requirements/*.txt")
    assert sorted(CONFIGURATION["_skip_if_exists"]) == sorted(patterns)
    owned = {pattern: sorted(project.path.glob(pattern)) for pattern in patterns}
    assert all(owned.values()), f"a pattern matches nothing: {owned}"
    for paths in owned.values():
        for path in paths:
            path.write_text("mine\n", encoding="utf-8")
    (project.path / "Makefile").write_text("theirs\n", encoding="utf-8")

    render(template, project.path, {}, overwrite=True)

    assert {path.read_text(encoding="utf-8") for paths in owned.values() for path in paths} == {"mine\n"}
    assert (project.path / "Makefile").read_text(encoding="utf-8") != "theirs\n"


def test_nothing_is_written_outside_the_project(template: Path, tmp_path: Path) -> None:
    outside = [tmp_path / name for name in ("home", "temporary", "here")]
    for folder in outside:
        folder.mkdir()
    home, temporary, here = map(str, outside)
    execute(
        PROGRAMS / "copier",
        *("copy", "--defaults", "--quiet", template, tmp_path / "project"),
        directory=Path(here),
        environment={**clean_environment(), "HOME": home, "TMPDIR": temporary, "XDG_CONFIG_HOME": home},
    )
    assert (tmp_path / "project" / "manage.py").exists()
    assert [path for folder in outside for path in folder.rglob("*")] == []


def test_message_after_copy_names_the_next_commands(template: Path, tmp_path: Path) -> None:
    message = execute(
        PROGRAMS / "copier", *("copy", "--defaults", template, tmp_path / "project"), directory=tmp_path
    ).stderr
    assert "make run" in message
    assert str(tmp_path / "project") in message
