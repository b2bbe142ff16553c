"""What a deployment installs is enough to serve requests and run tasks, and refuses to start half configured."""

import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, find_python, runnable_python_versions, share_environment
from tests.harness.ports import free_port
from tests.harness.postgres import Postgres
from tests.harness.processes import background
from tests.harness.project import Project
from tests.harness.serving import HOST, THROUGH_PROXY, production_variables, serve
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.served

REQUIRED = ["DJANGO_SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ADMIN_URL"]


# Starts Django in a child process for each environment of its argument, and prints how that ended.
START_IN_EACH = """
import json, os, sys
import django
from django.core.exceptions import ImproperlyConfigured

for variables in json.loads(sys.argv[1]):
    sys.stdout.flush()
    if os.fork():
        os.wait()
        continue
    os.environ.update(variables)
    message = ""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        message = str(error)
    print(json.dumps(message), flush=True)
    os._exit(0)
"""


@pytest.fixture
def variables(postgres: Postgres, redis_url: str) -> dict[str, str]:
    """Give all the variables of a production that has its services."""
    return production_variables(postgres.create_database("production"), redis_url)


@pytest.fixture
def deploy(render_project: Render) -> Render:
    """Give a function that makes a project with the production dependencies alone."""
    return lambda answers: share_environment(render_project(answers), PRODUCTION)


def asked_barely(address: str, path: str) -> int:
    """Return the status of the answer to a request that says nothing but what it wants: no host, and no TLS before."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return int(client.recv(64).split()[1])


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_gunicorn_serves_with_production_packages_only(server: str, deploy: Render, variables: dict[str, str]) -> None:
    project = deploy({"server": server})
    assert not (project.path / ".venv" / "bin" / "pytest").exists()
    project.python("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=variables)
    with serve(project, variables, application=f"config.{server}:application") as address:
        assert [asked_barely(address, path) for path in ("/livez", "/readyz")] == [httpx.codes.OK] * 2
        # HTTP is redirected to HTTPS; unknown hosts are refused.
        plain = httpx.get(f"{address}/api/schema/", headers={"Host": HOST})
        assert plain.status_code == httpx.codes.MOVED_PERMANENTLY
        assert plain.headers["location"].startswith(f"https://{HOST}/")
        foreign = httpx.get(f"{address}/api/schema/", headers={**THROUGH_PROXY, "Host": "evil.example"})
        assert foreign.status_code == httpx.codes.BAD_REQUEST

        me = httpx.get(f"{address}/api/v1/users/me/", headers=THROUGH_PROXY)
        assert me.status_code == httpx.codes.UNAUTHORIZED
        assert me.headers["content-type"] == "application/problem+json"
        assert "max-age=" in me.headers["strict-transport-security"]

        page = httpx.get(f"{address}/account/verify-email/?token=x", headers=THROUGH_PROXY)
        assert page.status_code == httpx.codes.OK

        documentation = httpx.get(f"{address}/api/docs/", headers=THROUGH_PROXY)
        assert documentation.status_code == httpx.codes.OK
        assets = re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", documentation.text)
        assert assets
        for asset in assets:
            assert httpx.get(address + asset, headers=THROUGH_PROXY).status_code == httpx.codes.OK, asset


def test_worker_runs_a_task_of_another_process(deploy: Render, variables: dict[str, str]) -> None:
    project = deploy({})
    project.python("manage.py", "migrate", "--verbosity", "0", env=variables)
    with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as database:
        database.execute(
            "INSERT INTO django_session VALUES"
            " ('old', '', now() - interval '1 day'), ('new', '', now() + interval '1 day')"
        )
        with background(
            *(".venv/bin/celery", "--app", "config", "worker", "--concurrency", "1", "--loglevel", "INFO"),
            directory=project.path,
            environment=project.environment(variables),
            log=project.path / "worker.log",
        ) as worker:
            sending = "import django; django.setup(); from apps.users.tasks import clear_expired_task as t; t.delay()"
            project.python("-c", sending, env=variables)

            def sessions() -> list[str]:
                return [key for (key,) in database.execute("SELECT session_key FROM django_session")]

            wait_until(lambda: sessions() == ["new"], "effect of the task", hopeless=worker.ended)


def test_beat_starts(deploy: Render, variables: dict[str, str]) -> None:
    project = deploy({})
    with background(
        *(".venv/bin/celery", "--app", "config", "beat", "--loglevel", "INFO"),
        directory=project.path,
        environment=project.environment(variables),
        log=project.path / "beat.log",
    ) as beat:
        wait_until(lambda: "beat: Starting..." in beat.output(), "start of beat", hopeless=beat.ended)


class TestRefusals:
    """Production settings start with a whole and safe environment, or not at all."""

    @pytest.fixture
    def project(self, deploy: Render) -> Project:
        return deploy({})

    @pytest.fixture
    def variables(self) -> dict[str, str]:
        """Return an environment with services that are never contacted."""
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "DJANGO_SECRET_KEY": "made-up-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
            "ALLOWED_HOSTS": HOST,
            "DATABASE_URL": "postgres://nobody:secret@127.0.0.1:1/nothing",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/1",
            "ADMIN_URL": "back-office/",
        }

    def refusals(self, project: Project, environments: Sequence[Mapping[str, str]]) -> list[str]:
        """Return for each environment the message with which Django refuses to start; empty if it starts."""
        printed = project.python("-c", START_IN_EACH, json.dumps(environments)).stdout
        return [json.loads(line) for line in printed.splitlines()]

    def test_whole_environment_starts(self, project: Project, variables: dict[str, str]) -> None:
        assert self.refusals(project, [variables]) == [""]

    def test_one_message_names_every_missing_variable(self, project: Project) -> None:
        environments = [{"DJANGO_SETTINGS_MODULE": f"config.settings.{name}"} for name in ("production", "staging")]
        for message in self.refusals(project, environments):
            assert [name for name in REQUIRED if name not in message] == []

    def test_message_names_the_missing_variable_and_no_other(self, project: Project, variables: dict[str, str]) -> None:
        # Unset, empty and blank.
        cases = [(name, value) for name in REQUIRED for value in (None, "", "  ")]
        environments = [
            {key: text for key, text in {**variables, name: value}.items() if text is not None} for name, value in cases
        ]
        messages = self.refusals(project, environments)
        assert [self.named(message, REQUIRED) for message in messages] == [[name] for name, _ in cases]

    def test_unsafe_value_is_refused(self, project: Project, variables: dict[str, str]) -> None:
        cases = [
            ("DEBUG", "1"),
            ("DEBUG", "true"),
            ("DEBUG", "on"),
            ("ALLOWED_HOSTS", "*"),
            ("ALLOWED_HOSTS", f"{HOST},*"),
            ("ALLOWED_HOSTS", "*.example.com"),
        ]
        messages = self.refusals(project, [{**variables, name: value} for name, value in cases])
        assert [self.named(message, ["DEBUG", *REQUIRED]) for message in messages] == [[name] for name, _ in cases]

    def named(self, message: str, names: Sequence[str]) -> list[str]:
        """Return the names that a message contains."""
        return [name for name in names if re.search(rf"\b{name}\b", message)]

    def test_each_variable_can_be_read_from_a_file(
        self, project: Project, variables: dict[str, str], tmp_path: Path
    ) -> None:
        """As Docker and Kubernetes hand out secrets."""
        from_files = {}
        for name in REQUIRED:
            file = tmp_path / name.lower()
            file.write_text(variables[name] + "\n", encoding="utf-8")
            from_files[f"{name}_FILE"] = str(file)
        seen = replace(project, variables={**project.variables, **from_files}).evaluate(
            "[settings.SECRET_KEY, settings.ALLOWED_HOSTS, settings.DATABASES['default']['NAME'],"
            " settings.CACHES['default']['LOCATION'], settings.CELERY_BROKER_URL, settings.ADMIN_URL]",
            "from django.conf import settings",
            settings="production",
        )
        assert seen == [
            variables["DJANGO_SECRET_KEY"],
            [HOST],
            "nothing",
            variables["REDIS_URL"],
            variables["CELERY_BROKER_URL"],
            "back-office/",
        ]

    @pytest.mark.parametrize(
        "command",
        [
            (".venv/bin/gunicorn", "config.wsgi:application", "--config", "config/gunicorn.conf.py"),
            (".venv/bin/celery", "--app", "config", "worker"),
            (".venv/bin/python", "manage.py", "migrate"),
        ],
        ids=["gunicorn", "celery", "manage.py"],
    )
    def test_every_process_says_why_it_does_not_start(self, command: tuple[str, ...], project: Project) -> None:
        env = {"DJANGO_SETTINGS_MODULE": "config.settings.production", "PORT": str(free_port()), "WEB_CONCURRENCY": "1"}
        answer = project.run(*command, env=env, check=False)
        assert answer.returncode != 0
        assert [name for name in REQUIRED if name not in answer.stdout + answer.stderr] == []


def test_project_without_celery_serves_and_never_imports_it(deploy: Render, variables: dict[str, str]) -> None:
    project = deploy({"features": []})
    del variables["CELERY_BROKER_URL"]
    assert not list((project.path / ".venv").glob("lib/*/site-packages/celery"))
    with serve(project, variables) as address:
        assert httpx.get(f"{address}/api/schema/", headers=THROUGH_PROXY).status_code == httpx.codes.OK


def test_pip_sets_up_a_project_for_development(render_project: Render, tmp_path: Path) -> None:
    """Without uv, from the requirements as they are rendered."""
    project = render_project({"python_version": runnable_python_versions()[0]})
    interpreter = find_python(str(project.answers["python_version"]))
    assert interpreter
    project.run(interpreter, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    # What the check imports is compiled by it: all the rest takes pip half a minute.
    project.run(
        *(python, "-m", "pip", "install", "--quiet", "--requirement", "requirements/local.txt"),
        env={"PIP_NO_COMPILE": "1"},
    )
    project.run(python, "manage.py", "check", "--fail-level", "WARNING")
    project.run(python, "-m", "pip", "check")
