"""The project keeps running while its log cannot be written, and on a read-only file system."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.conftest import Deploy, open_shop, variables_of
from tests.faults.load import load_on
from tests.harness.commands import execute
from tests.harness.mail import run_smtp
from tests.harness.postgres import Postgres
from tests.harness.programs import require_program
from tests.harness.redis_server import run_redis
from tests.harness.serving import run_beat, run_worker
from tests.harness.waiting import wait_until

ENOUGH = 20

# Like a container with a read-only root: shared memory is the only place to write to.
READ_ONLY = """
set -e
mount -t tmpfs tmpfs /dev/shm
for place in / /tmp "$(findmnt --noheadings --output TARGET --target .)"; do
    ! mountpoint -q "$place" || mount -o bind,remount,ro "$place"
done
exec "$@"
"""
CAN_WRITE_NOWHERE = "! touch /can-write && ! touch /tmp/can-write && ! touch ./can-write && touch /dev/shm/can-write"


@pytest.fixture
def variables(postgres: Postgres, redis_port: int, smtp_port: int, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a production that has its services."""
    with run_redis(tmp_path / "redis", port=redis_port):
        yield variables_of(postgres, redis_port, smtp_port)


@pytest.fixture
def read_only(tmp_path: Path) -> tuple[str, ...]:
    """Give a command that runs another where it can write nowhere but to memory."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    command = (str(require_program("unshare")), "--mount", *as_root, "sh", "-c", READ_ONLY, "sh")
    if execute(*command, "sh", "-c", CAN_WRITE_NOWHERE, directory=tmp_path, check=False).returncode:
        reason = "this account may not make a file system read-only, even for itself"
        if os.environ.get("REQUIRE_PROGRAMS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return command


def test_full_log_disk_stops_no_request_and_no_task(variables: dict[str, str], smtp_port: int, deploy: Deploy) -> None:
    project = deploy()
    log = Path("/dev/full")
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        # As in the image: a worker cannot fork while its output buffer holds what it could not write.
        unbuffered = {**variables, "PYTHONUNBUFFERED": "1"}
        production = processes.enter_context(open_shop(project, unbuffered, log=log))
        worker = processes.enter_context(run_worker(project, unbuffered, log=log))
        with load_on(production.shop) as load:
            wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120)
        wait_until(lambda: mailbox.messages, "mail", hopeless=worker.ended)
    assert load.failures() == []


def test_all_processes_work_on_read_only_file_systems(
    variables: dict[str, str], smtp_port: int, read_only: tuple[str, ...], deploy: Deploy
) -> None:
    project = deploy()
    with run_smtp(smtp_port) as mailbox, ExitStack() as processes:
        production = processes.enter_context(open_shop(project, variables, prefix=read_only))
        # The processes of a worker share temporary files.
        worker_variables = {**variables, "TMPDIR": "/dev/shm"}  # noqa: S108 - the directory, not a file in it
        worker = processes.enter_context(run_worker(project, worker_variables, prefix=read_only))
        beat = processes.enter_context(run_beat(project, variables, prefix=read_only))
        with load_on(production.shop) as load:
            wait_until(lambda: load.has(ENOUGH, 0), "load", deadline=120)
        wait_until(lambda: mailbox.messages, "mail", hopeless=worker.ended)
        wait_until(
            lambda: "Sending due task" in beat.output(), "task of the schedule", deadline=90, hopeless=beat.ended
        )
    assert load.failures() == []
