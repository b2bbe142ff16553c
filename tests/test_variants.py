"""The default, the smallest and the largest project pass their own checks and tests."""

from itertools import product

import pytest
from _pytest.mark import ParameterSet

from tests.conftest import RecordVariant, Render
from tests.harness.environments import runnable_python_versions, share_environment
from tests.harness.postgres import Postgres
from tests.harness.project import Project
from tests.harness.questions import DJANGO_VERSIONS, VARIANTS


def combinations() -> list[ParameterSet]:
    """Return each variant on each Django, the Python versions of this machine dealt out in turn.

    The tests of one variant run in one process, so that they share one environment.
    """
    pythons = runnable_python_versions()
    # Shifted by one from variant to variant, so that no Django keeps to one Python.
    dealt = [
        (variant, django, pythons[(place + shift) % len(pythons)])
        for (place, django), (shift, variant) in product(enumerate(DJANGO_VERSIONS), enumerate(VARIANTS))
    ]
    return [
        pytest.param(combination, id=name, marks=pytest.mark.xdist_group(name))
        for combination in dealt
        for name in [" ".join(combination)]
    ]


@pytest.fixture(params=combinations())
def project(request: pytest.FixtureRequest, install_project: Render) -> Project:
    variant, django, python = request.param
    return install_project({**VARIANTS[variant], "django_version": django, "python_version": python})


@pytest.fixture
def services(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give the variables that lead a project to real servers."""
    return {"DATABASE_URL": postgres.create_database("project"), "REDIS_URL": redis_url}


def test_it_passes_its_own_checks(
    project: Project, request: pytest.FixtureRequest, record_variant: RecordVariant
) -> None:
    record_variant(f"make check, {request.node.callspec.id}")
    project.make("check")


def test_it_passes_its_own_tests(
    project: Project, services: dict[str, str], request: pytest.FixtureRequest, record_variant: RecordVariant
) -> None:
    record_variant(f"make test, {request.node.callspec.id}")
    closing = project.make("test", env=services).stdout
    # With real servers there is nothing left to skip.
    assert "SKIPPED" not in closing


@pytest.mark.parametrize(("variant", "django"), list(zip(("default", "largest"), DJANGO_VERSIONS, strict=True)))
def test_it_passes_its_tests_with_the_oldest_dependencies_it_allows(
    variant: str,
    django: str,
    render_project: Render,
    services: dict[str, str],
    record_variant: RecordVariant,
) -> None:
    """A floor that nobody ran is a guess."""
    record_variant(f"make test, {variant} {django}, lowest dependencies")
    answers = {**VARIANTS[variant], "django_version": django, "python_version": runnable_python_versions()[0]}
    rendered = render_project(answers)
    project = share_environment(Project(rendered.path, answers, {"UV_RESOLUTION": "lowest-direct"}))
    project.make("test", env=services)
