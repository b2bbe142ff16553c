"""Every rendered file is what its name says: parsers and linters of its kind accept it."""

import re
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.commands import CommandFailedError
from tests.harness.matrix import RENDERS
from tests.harness.paths import PROGRAMS
from tests.harness.project import Project
from tests.harness.questions import Answers
from tests.harness.syntax import parse_files

# A text that breaks many syntaxes.
HOSTILE = '"Bob\'s" # {{ 7*7 }}: ${{ x }} \\ 日本 - `id` $(id) $$'

EVERY_RENDER: dict[str, Answers] = {
    **RENDERS,
    "hostile": {"project_name": HOSTILE, "description": HOSTILE, "author_name": HOSTILE},
    "hostile gitlab": {"project_name": HOSTILE, "description": HOSTILE, "author_name": HOSTILE, "ci": "gitlab"},
}


# One process runs all tests of a render.
@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"render {name}")) for name in EVERY_RENDER],
)
def project(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return rendered(EVERY_RENDER[request.param])


def check_schema(project: Project, schema: str, *files: Path) -> None:
    """Hold files against a schema that check-jsonschema carries."""
    project.run(PROGRAMS / "check-jsonschema", "--builtin-schema", schema, *files)


def test_every_file_parses(project: Project) -> None:
    parsed = parse_files(project)
    assert parsed["Python"] > 50
    assert parsed["TOML"] >= 1
    # The answers file, at least.
    assert parsed["YAML"] >= 1


def test_make_accepts_every_target(project: Project) -> None:
    targets = re.findall(r"^\.PHONY: (\S+)$", project.read("Makefile"), re.MULTILINE)
    assert {"run", "test", "check", "format", "lock"} <= set(targets)
    for target in targets:
        project.make("--dry-run", "--warn-undefined-variables", target)


def test_make_without_target_lists_every_target(project: Project) -> None:
    listed = project.make().stdout
    for target in re.findall(r"^\.PHONY: (\S+)$", project.read("Makefile"), re.MULTILINE):
        assert re.search(rf"^ *make {target} ", listed, re.MULTILINE), f"{target} is not listed"


def test_github_accepts_the_workflows(project: Project) -> None:
    workflows = sorted((project.path / ".github" / "workflows").glob("*"))
    wanted = project.answers.get("ci", "github") == "github"
    assert bool(workflows) == wanted
    if wanted:
        check_schema(project, "vendor.github-workflows", *workflows)
        project.run(PROGRAMS / "zizmor", "--offline", "--no-progress", ".")


def test_dependabot_accepts_its_configuration(project: Project) -> None:
    files = sorted((project.path / ".github").glob("dependabot.*"))
    if files:
        check_schema(project, "vendor.dependabot", *files)


def test_renovate_accepts_its_configuration(project: Project) -> None:
    configuration = project.path / "renovate.json"
    assert configuration.exists() == (project.answers.get("ci") != "none")
    if configuration.exists():
        check_schema(project, "vendor.renovate", configuration)


def test_gitlab_accepts_the_pipeline(project: Project) -> None:
    pipeline = project.path / ".gitlab-ci.yml"
    assert pipeline.exists() == (project.answers.get("ci") == "gitlab")
    if pipeline.exists():
        # GitLab's own tag, which refers to another part of the pipeline.
        project.run(
            PROGRAMS / "check-jsonschema",
            *("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", pipeline),
        )


def test_docker_compose_accepts_its_file(project: Project) -> None:
    files = sorted(project.path.glob("compose*.yaml"))
    assert bool(files) == ("docker" in project.answers.get("features", ["docker"]))
    if files:
        check_schema(project, "vendor.compose-spec", *files)


def test_dockerfile_passes_hadolint(project: Project) -> None:
    files = sorted(project.path.glob("docker/**/*Dockerfile*"))
    assert bool(files) == ("docker" in project.answers.get("features", ["docker"]))
    if files:
        project.run(PROGRAMS / "hadolint", "--failure-threshold", "info", *files)


class TestTheLintersBite:
    """A broken file of each kind is refused."""

    @pytest.fixture
    def project(self, render_project: Render) -> Project:
        return render_project({})

    def test_python(self, project: Project) -> None:
        project.append("manage.py", "\ndef broken(:\n")
        with pytest.raises(CommandFailedError, match="SyntaxError"):
            parse_files(project)

    def test_workflow_schema(self, project: Project) -> None:
        workflow = next((project.path / ".github" / "workflows").glob("*"))
        project.append(str(workflow.relative_to(project.path)), "\nunknown_key: 1\n")
        with pytest.raises(CommandFailedError, match="unknown_key"):
            test_github_accepts_the_workflows(project)

    def test_workflow_injection(self, project: Project) -> None:
        project.write(
            ".github/workflows/injection.yml",
            "name: Injection\non: pull_request_target\npermissions: {}\njobs:\n  job:\n    name: Job\n"
            "    runs-on: ubuntu-latest\n    steps:\n"
            "      - run: echo ${{ github.event.pull_request.title }}\n",
        )
        with pytest.raises(CommandFailedError, match="template-injection"):
            test_github_accepts_the_workflows(project)

    def test_compose(self, project: Project) -> None:
        project.append("compose.yaml", "\nunknown_key: 1\n")
        with pytest.raises(CommandFailedError, match="unknown_key"):
            test_docker_compose_accepts_its_file(project)

    def test_renovate(self, project: Project) -> None:
        project.replace("renovate.json", '"copier"', '"no-such-manager"')
        with pytest.raises(CommandFailedError, match="no-such-manager"):
            test_renovate_accepts_its_configuration(project)

    def test_dockerfile(self, project: Project) -> None:
        dockerfile = next(project.path.glob("docker/**/*Dockerfile*"))
        project.append(str(dockerfile.relative_to(project.path)), "\nFROM debian:latest\n")
        with pytest.raises(CommandFailedError, match="DL3007"):
            test_dockerfile_passes_hadolint(project)

    def test_pipeline(self, render_project: Render) -> None:
        project = render_project({"ci": "gitlab"})
        project.append(".gitlab-ci.yml", "\nbroken_job:\n  script: 1\n")
        with pytest.raises(CommandFailedError, match="broken_job"):
            test_gitlab_accepts_the_pipeline(project)
