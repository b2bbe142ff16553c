"""Gunicorn's configuration, and the applications that it serves."""

import asyncio
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from config.env import BASE_DIR

# What a large host has.
CPUS = 64


@pytest.fixture(autouse=True)
def _large_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: CPUS)
    for name in ("WEB_CONCURRENCY", "WEB_THREADS", "WEB_KEEPALIVE", "WEB_MAX_REQUESTS"):
        monkeypatch.delenv(name, raising=False)


def configuration() -> dict[str, Any]:
    """Return the settings of gunicorn, in this environment."""
    return runpy.run_path(str(BASE_DIR / "config/gunicorn.conf.py"))


@pytest.mark.django_db
@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_application_answers(server: str) -> None:
    application = runpy.run_path(str(BASE_DIR / f"config/{server}.py"))["application"]
    if server == "wsgi":
        environ: dict[str, Any] = {"PATH_INFO": "/livez"}
        setup_testing_defaults(environ)
        statuses: list[str] = []
        b"".join(application(environ, lambda status, _headers: statuses.append(status)))
    else:
        statuses = asyncio.run(_ask(application))
    assert [status[:3] for status in statuses] == ["200"]


async def _ask(application: Any) -> list[str]:
    statuses: list[str] = []
    events: Iterator[dict[str, object]] = iter([{"type": "http.request"}])

    async def receive() -> dict[str, object]:
        for event in events:
            return event
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if event["type"] == "http.response.start":
            statuses.append(str(event["status"]))

    scope = {"type": "http", "method": "GET", "path": "/livez", "headers": [(b"host", b"testserver")]}
    await application(scope, receive, send)
    return statuses


def test_gunicorn_accepts_its_configuration() -> None:
    server = "asgi" if "server: asgi" in (BASE_DIR / ".copier-answers.yml").read_text() else "wsgi"
    command = ["-m", "gunicorn", f"config.{server}:application", "-c", "config/gunicorn.conf.py", "--check-config"]
    result = subprocess.run([sys.executable, *command], cwd=BASE_DIR, capture_output=True, text=True, check=False)  # noqa: S603 - fixed

    assert result.returncode == 0, result.stderr


def test_workers_share_memory_and_touch_their_heartbeat_in_memory() -> None:
    settings = configuration()
    assert settings["preload_app"] is True
    memory = Path("/dev/shm")  # noqa: S108 - the directory, not a file in it
    assert settings["worker_tmp_dir"] == (str(memory) if memory.is_dir() else None)


def test_default_number_of_workers_is_limited_on_large_hosts() -> None:
    assert configuration()["workers"] == 8
    assert configuration()["max_requests"] == 0


def test_environment_sets_workers_keepalive_and_recycling(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WEB_CONCURRENCY": "17", "WEB_KEEPALIVE": "65", "WEB_MAX_REQUESTS": "1000"}.items():
        monkeypatch.setenv(name, value)

    settings = configuration()

    assert (settings["workers"], settings["keepalive"], settings["max_requests"]) == (17, 65, 1000)
    # Workers are not replaced all at once.
    assert settings["max_requests_jitter"] == 100
