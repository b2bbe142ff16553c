"""A default project with a migrated database, to measure in."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.harness.environments import share_environment
from tests.harness.postgres import run_postgres
from tests.harness.project import Project
from tests.harness.render import render
from tests.harness.snapshot import take_snapshot


@contextmanager
def migrated_project(variables: Mapping[str, str] | None = None) -> Iterator[Project]:
    """Render and install the working tree, and migrate a new database.

    Args:
        variables: Environment variables of its commands, besides `DATABASE_URL`.
    """
    with tempfile.TemporaryDirectory() as folder, run_postgres() as postgres:
        template = take_snapshot(Path(folder) / "template")
        project = share_environment(render(template, Path(folder) / "project", {}))
        own = {**(variables or {}), "DATABASE_URL": postgres.create_database("benchmark")}
        project = replace(project, variables={**project.variables, **own})
        project.python("manage.py", "migrate", "--verbosity", "0")
        yield project
