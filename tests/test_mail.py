"""Email survives outages: requests do not fail, and each email arrives once."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.mail import Mailbox, run_smtp
from tests.harness.ports import free_port
from tests.harness.questions import DJANGO_VERSIONS
from tests.harness.redis_server import run_redis
from tests.harness.serving import THROUGH_PROXY, run_worker, serve
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.served

Answer = tuple[int, str]

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that are gone with the test
STRANGER = "ada@example.com"
MEMBER = "grace@example.com"

MAKE_MEMBER = f"""
import django
django.setup()
from apps.users.models import User
User.objects.create_user({MEMBER!r}, {PASSWORD!r})
"""

# As beat does every minute.
SWEEP = """
import django
django.setup()
from apps.mail.tasks import mail_deliver_due_task
mail_deliver_due_task.delay()
"""


def waiting(database: psycopg.Connection) -> dict[str, int]:
    """Return whose mail is not sent yet, and how often that was tried."""
    return dict(database.execute("SELECT recipient, attempts FROM mail_outboxemail").fetchall())


def failed(database: psycopg.Connection) -> dict[str, int]:
    """Return whose mail waits for its next attempt, and how many failed. An attempt counts from its start."""
    query = "SELECT recipient, attempts FROM mail_outboxemail WHERE attempts > 0 AND sending_started_at IS NULL"
    return dict(database.execute(query).fetchall())


def let_a_minute_pass(database: psycopg.Connection) -> None:
    """Make the emails due whose first attempt failed."""
    database.execute("UPDATE mail_outboxemail SET retry_at = retry_at - interval '1 minute'")


def let_ten_minutes_pass(database: psycopg.Connection) -> None:
    """Let the emails that a process started to send count as interrupted."""
    database.execute("UPDATE mail_outboxemail SET sending_started_at = sending_started_at - interval '10 minutes'")


def ask(address: str, path: str, body: Mapping[str, str]) -> Answer:
    """Call the API, and return what it says."""
    # No response waits for the unavailable server.
    answer = httpx.post(f"{address}/api/v1/auth/{path}/", json=body, headers=THROUGH_PROXY, timeout=60)
    return answer.status_code, answer.text


def register(address: str, email: str) -> Answer:
    return ask(address, "register", {"email": email, "password": PASSWORD})


def reset(address: str, email: str) -> Answer:
    return ask(address, "password/reset", {"email": email})


def follow_links(address: str, mailbox: Mailbox) -> None:
    """Use what the mails carry: it is whole, and good."""
    confirmed = ask(address, "email/verify", {"token": mailbox.token(STRANGER)})
    assert confirmed == (httpx.codes.NO_CONTENT, "")
    new = {"token": mailbox.token(MEMBER), "new_password": f"another {PASSWORD}"}
    assert ask(address, "password/reset/confirm", new) == (httpx.codes.NO_CONTENT, "")


def test_email_waits_for_an_unavailable_server_and_is_sent_once(
    render_project: Render, variables: dict[str, str], smtp_port: int, database: psycopg.Connection
) -> None:
    project = share_environment(render_project({}), PRODUCTION)
    with serve(project, variables) as address, run_worker(project, variables) as worker:
        project.python("-c", MAKE_MEMBER, env=variables)
        answers = [register(address, STRANGER), reset(address, MEMBER)]
        assert [status for status, _ in answers] == [httpx.codes.ACCEPTED] * 2
        tried = {STRANGER: 1, MEMBER: 1}
        wait_until(lambda: failed(database) == tried, "failed attempts", hopeless=worker.ended)

        with run_smtp(smtp_port) as mailbox:
            let_a_minute_pass(database)
            # Several processes look for it in parallel.
            project.python("-c", SWEEP + "mail_deliver_due_task.delay()\n" * 3, env=variables)
            wait_until(lambda: not waiting(database), "delivery", hopeless=worker.ended)
            assert project.python("manage.py", "deliver_mail", env=variables).stdout == "0 sent\n"
            assert mailbox.recipients() == [STRANGER, MEMBER]
            follow_links(address, mailbox)
            # The response does not depend on the mail server.
            assert [register(address, "new@example.com"), reset(address, "new@example.com")] == answers
            # The worker has no email left to send when the server stops.
            wait_until(lambda: not waiting(database), "delivery", hopeless=worker.ended)


# Each Django has settings of mail of its own.
@pytest.mark.parametrize("django_version", DJANGO_VERSIONS)
def test_without_celery_a_command_sends_waiting_email(
    django_version: str,
    render_project: Render,
    variables: dict[str, str],
    smtp_port: int,
    database: psycopg.Connection,
) -> None:
    project = share_environment(render_project({"features": [], "django_version": django_version}), PRODUCTION)

    def deliver() -> str:
        # After the log.
        return project.python("manage.py", "deliver_mail", env=variables).stdout.splitlines()[-1]

    with serve(project, variables) as address:
        project.python("-c", MAKE_MEMBER, env=variables)
        answers = [register(address, STRANGER), reset(address, MEMBER)]
        assert [status for status, _ in answers] == [httpx.codes.ACCEPTED] * 2
        assert failed(database) == {STRANGER: 1, MEMBER: 1}

        with run_smtp(smtp_port) as mailbox:
            # Each waits for a minute after it was tried.
            assert deliver() == "0 sent"
            let_a_minute_pass(database)
            assert [deliver(), deliver()] == ["2 sent", "0 sent"]
            assert mailbox.recipients() == [STRANGER, MEMBER]
            follow_links(address, mailbox)
            assert [register(address, "new@example.com"), reset(address, "new@example.com")] == answers


def test_email_waits_for_an_unavailable_broker(
    render_project: Render, variables: dict[str, str], smtp_port: int, database: psycopg.Connection, tmp_path: Path
) -> None:
    project = share_environment(render_project({}), PRODUCTION)
    redis_port = free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}"
    variables |= {"REDIS_URL": f"{redis_url}/0", "CELERY_BROKER_URL": f"{redis_url}/1"}
    with (
        serve(project, variables) as address,
        run_worker(project, variables) as worker,
        run_smtp(smtp_port) as mailbox,
    ):
        answer = register(address, STRANGER)
        assert answer[0] == httpx.codes.ACCEPTED
        # In the outbox, without a task.
        assert waiting(database) == {STRANGER: 0}

        with run_redis(tmp_path / "redis-at-last", port=redis_port):
            wait_until(lambda: "ready." in worker.output(), "worker", deadline=120, hopeless=worker.ended)
            project.python("-c", SWEEP, env=variables)
            wait_until(lambda: not waiting(database), "delivery", hopeless=worker.ended)
            assert mailbox.recipients() == [STRANGER]
            # Who was without the broker has found it again, and needs no sweep.
            assert register(address, MEMBER) == answer
            wait_until(lambda: mailbox.recipients() == [STRANGER, MEMBER], "mail", hopeless=worker.ended)


@pytest.mark.parametrize("silent_at", ["RCPT", "DATA"])
def test_email_of_a_killed_worker_is_sent_again_only_on_request(
    silent_at: str,
    render_project: Render,
    variables: dict[str, str],
    smtp_port: int,
    database: psycopg.Connection,
) -> None:
    # Only after the content did the server accept the email. The project cannot know that.
    accepted = [STRANGER] if silent_at == "DATA" else []
    project = share_environment(render_project({}), PRODUCTION)
    with serve(project, variables) as address, run_smtp(smtp_port) as mailbox:
        mailbox.silent_at = silent_at
        with run_worker(project, variables) as worker:
            register(address, STRANGER)
            reached = mailbox.asked if silent_at == "RCPT" else mailbox.messages
            wait_until(lambda: reached, "mail", hopeless=worker.ended)
            # The process group, so that the children that send die as well.
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        mailbox.silent_at = None
        assert waiting(database) == {STRANGER: 1}

        let_ten_minutes_pass(database)
        with run_worker(project, variables) as worker:
            project.python("-c", SWEEP + "mail_deliver_due_task.delay()\n" * 3, env=variables)
            register(address, MEMBER)
            wait_until(lambda: MEMBER in mailbox.recipients(), "mail", hopeless=worker.ended)
            wait_until(lambda: "mail_interrupted" in worker.output(), "log", hopeless=worker.ended)
        assert list(waiting(database)) == [STRANGER]

        assert project.python("manage.py", "deliver_mail", env=variables).stdout.endswith("0 sent\n")
        assert mailbox.recipients() == sorted([*accepted, MEMBER])
        again = project.python("manage.py", "deliver_mail", "--retry-interrupted", env=variables).stdout
        assert again.endswith("1 sent\n")
        assert mailbox.recipients() == sorted([*accepted, STRANGER, MEMBER])
        assert waiting(database) == {}
