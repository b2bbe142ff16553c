"""Projects pass their own checks and tests: the default and the smallest in `make test`, the others in the matrix."""

import pytest

from tests.conftest import RecordVariant, Render
from tests.harness.environments import runnable_python_versions, share_environment
from tests.harness.matrix import name_of, pairwise
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import COVERING, DJANGO_VERSIONS, VARIANTS, Answers, runnable_questions


def of_one_process(name: str, answers: Answers, *marks: pytest.MarkDecorator) -> object:
    """Return a parameter whose tests run in one process, so that they share one environment."""
    return pytest.param(answers, id=name, marks=[pytest.mark.xdist_group(name), *marks])


QUICK = ("default", "smallest")
FEW = [
    of_one_process(name, answers, *([] if name in QUICK else [pytest.mark.matrix]))
    for name, answers in COVERING.items()
]
MATRIX = [
    of_one_process(f"{number} {name_of(answers)}", answers, pytest.mark.matrix)
    for number, answers in enumerate(pairwise(runnable_questions(runnable_python_versions())), start=1)
]


@pytest.fixture(params=FEW + MATRIX)
def project(request: pytest.FixtureRequest, install_variant: Render, record_variant: RecordVariant) -> Project:
    part = "check" if request.function is test_project_passes_its_checks else "test"
    # First, so that a variant that cannot be installed is recorded too.
    record_variant(request.node.callspec.id, part, request.param)
    return install_variant(request.param)


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give the variables that lead a project to real servers."""
    return {"DATABASE_URL": postgres.create_database("project"), "REDIS_URL": redis_url}


def test_project_passes_its_checks(project: Project) -> None:
    project.make("check")


def test_project_passes_its_tests(project: Project, services: dict[str, str]) -> None:
    closing = project.test(services)
    # With real servers there is nothing left to skip.
    assert "SKIPPED" not in closing


@pytest.mark.matrix
@pytest.mark.parametrize(("variant", "django"), list(zip(("default", "largest"), DJANGO_VERSIONS, strict=True)))
def test_project_passes_its_tests_with_the_oldest_allowed_dependencies(
    variant: str,
    django: str,
    render_project: Render,
    services: dict[str, str],
    record_variant: RecordVariant,
) -> None:
    """The lower bounds of dependencies are tested, too."""
    answers = {**VARIANTS[variant], "django_version": django, "python_version": runnable_python_versions()[0]}
    oldest = {"UV_RESOLUTION": "lowest-direct"}
    record_variant(f"{variant} {django}, lowest dependencies", "test", answers, variables=oldest)
    rendered = render_project(answers)
    project = share_environment(Project(rendered.path, answers, oldest), takes_turns=True)
    project.test(services)
