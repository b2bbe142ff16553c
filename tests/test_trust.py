"""Copying and updating run no code of the template, and need no `--trust`."""

from pathlib import Path

import pytest
from copier import run_copy
from copier.errors import UnsafeTemplateError

from tests.harness.commands import execute
from tests.harness.git import commit_everything, git
from tests.harness.paths import PROGRAMS
from tests.harness.questions import CONFIGURATION
from tests.harness.snapshot import take_snapshot


def copier(*arguments: str | Path, directory: Path) -> int:
    """Run Copier's command line and return its status."""
    return execute(PROGRAMS / "copier", *arguments, directory=directory, check=False).returncode


def test_copy_and_update_need_no_trust(tmp_path: Path) -> None:
    template = take_snapshot(tmp_path / "template")
    project = tmp_path / "project"
    assert copier("copy", "--defaults", template, project, directory=tmp_path) == 0
    commit_everything(project, "Start")

    (template / "CHANGELOG.md").write_text("Next.\n", encoding="utf-8")
    commit_everything(template, "Next", tag="0.0.2")
    assert copier("update", "--defaults", directory=project) == 0
    assert "_commit: 0.0.2" in (project / ".copier-answers.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", ["_tasks", "_migrations", "_jinja_extensions"])
def test_no_setting_runs_code(setting: str) -> None:
    assert setting not in CONFIGURATION


@pytest.mark.parametrize(
    "setting", ["_tasks: ['true']", "_jinja_extensions: [jinja2.ext.do]"], ids=["tasks", "extensions"]
)
def test_copier_refuses_a_template_that_runs_code(setting: str, tmp_path: Path) -> None:
    """Were it not so, the tests above would prove nothing."""
    template = take_snapshot(tmp_path / "template")
    with (template / "copier.yml").open("a", encoding="utf-8") as stream:
        stream.write(f"\n{setting}\n")
    commit_everything(template, "Run code", tag="0.0.2")
    with pytest.raises(UnsafeTemplateError):
        run_copy(str(template), tmp_path / "project", defaults=True, quiet=True)


def test_copier_refuses_an_update_with_migrations(tmp_path: Path) -> None:
    template = take_snapshot(tmp_path / "template")
    project = tmp_path / "project"
    run_copy(str(template), project, defaults=True, quiet=True)
    commit_everything(project, "Start")
    with (template / "copier.yml").open("a", encoding="utf-8") as stream:
        stream.write("\n_migrations: ['true']\n")
    commit_everything(template, "Run code", tag="0.0.2")
    assert copier("update", "--defaults", directory=project) != 0
    assert git(project, "status", "--porcelain") == ""
