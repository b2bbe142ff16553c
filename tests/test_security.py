"""The served project, seen from outside: the same headers with every answer, and bodies that nothing is kept of."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.project import Project
from tests.harness.serving import THROUGH_PROXY, serve

SERVERS = ["wsgi", "asgi"]

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
MEGABYTE = 1024 * 1024


@contextmanager
def served(project: Project, variables: dict[str, str]) -> Iterator[httpx.Client]:
    """Serve a production with one worker, and give a client that calls it as the proxy does."""
    project.python("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=variables)
    application = f"config.{project.answers['server']}:application"
    with (
        serve(project, variables, application=application, workers=1) as address,
        httpx.Client(base_url=address, headers=THROUGH_PROXY, timeout=60) as client,
    ):
        yield client


@pytest.mark.parametrize("server", SERVERS)
def test_every_answer_of_the_server_has_the_same_headers(
    server: str, render_project: Render, variables: dict[str, str]
) -> None:
    project = share_environment(render_project({"server": server}), PRODUCTION)
    with served(project, variables) as client:
        page = client.get("/account/verify-email/")
        [style] = re.findall(r'href="(/static/css/[^"]+)"', page.text)
        answers = {
            200: [page, client.get("/api/docs/"), client.get(style), client.get("/livez")],
            206: [client.get(style, headers={"Range": "bytes=0-9"})],
            301: [client.get("/account/verify-email"), client.get("/", headers={"X-Forwarded-Proto": "http"})],
            302: [client.get("/back-office/")],
            304: [client.get(style, headers={"If-None-Match": client.get(style).headers["etag"]})],
            400: [
                client.get("/", headers={"Host": "evil.example"}),
                client.get("/api/schema/", headers={"Host": "evil.example"}),
                client.get("/", headers={"Host": "evil.example", "X-Forwarded-Proto": "http"}),
            ],
            401: [client.get("/api/v1/users/me/")],
            403: [client.post("/account/verify-email/")],
            404: [client.get("/nowhere/"), client.get("/api/nowhere/"), client.get("/static/nothing.css")],
            405: [client.put("/api/schema/")],
            413: [client.post(path, content=bytes(3 * MEGABYTE)) for path in ("/back-office/", "/api/v1/auth/token/")],
        }
        for status, several in answers.items():
            for answer in several:
                assert (answer.status_code, dict(answer.headers)) == (status, {**answer.headers, **HEADERS})
                assert "script-src 'self'" in answer.headers["content-security-policy"]
                assert "camera=()" in answer.headers["permissions-policy"]
                secure = answer.request.headers["x-forwarded-proto"] == "https"
                assert ("strict-transport-security" in answer.headers) == secure


def bodies() -> dict[str, tuple[str, dict[str, str], bytes, bytes]]:
    """Return for each kind of body where it is posted, its headers, and what stands around 10 MB of it."""
    form = b'--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n'
    return {
        "JSON": ("/api/v1/auth/token/", {"Content-Type": "application/json"}, b'{"email": "', b'"}'),
        "a file": ("/back-office/login/", {"Content-Type": "multipart/form-data; boundary=x"}, form, b"\r\n--x--\r\n"),
        "a form": ("/back-office/login/", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=", b""),
        "anything": ("/nowhere/", {"Content-Type": "application/octet-stream"}, b"", b""),
    }


def chunks(before: bytes, after: bytes) -> Iterator[bytes]:
    """Yield a body of 10 MB without saying how long it is."""
    yield before
    for _ in range(10):
        yield b"x" * MEGABYTE
    yield after


def post(client: httpx.Client, kind: str, *, chunked: bool) -> int | None:
    """Post 10 MB, and return the status of the answer, or None where the server hung up."""
    path, headers, before, after = bodies()[kind]
    content = chunks(before, after) if chunked else b"".join(chunks(before, after))
    try:
        return client.post(path, headers=headers, content=content).status_code
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


def worker_of(project: Project) -> Path:
    """Return the folder with what the system knows of the only worker."""
    pids = re.findall(r"(?:Booting worker with pid|Started server process)\D+(\d+)", project.read("gunicorn.log"))
    return Path("/proc") / pids[-1]


def usage(worker: Path) -> tuple[int, int]:
    """Return the most memory that a process has had, and how much it has written, in bytes."""
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", (worker / "status").read_text())
    [written] = re.findall(r"^wchar: (\d+)", (worker / "io").read_text(), re.MULTILINE)
    return int(peak) * 1024, int(written)


def put_load_on(project: Project, variables: dict[str, str]) -> tuple[set[int | None], int, int]:
    """Post 10 MB of each kind, several at once; return the statuses, and the growth of memory and of what is written."""
    with served(project, variables) as client:
        for kind in bodies():
            client.post(bodies()[kind][0], headers=bodies()[kind][1], content=b"")
        worker = worker_of(project)
        memory, written = usage(worker)
        kinds = [(kind, chunked) for kind in bodies() for chunked in (False, True) for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            statuses = set(pool.map(lambda each: post(client, each[0], chunked=each[1]), kinds))
        now, written_now = usage(worker)
        assert client.get("/readyz").status_code == httpx.codes.OK
    return statuses, now - memory, written_now - written


needs_proc = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux tells what a process writes")


@needs_proc
@pytest.mark.parametrize("server", SERVERS)
def test_of_a_body_that_is_too_large_nothing_is_kept(
    server: str, render_project: Render, variables: dict[str, str]
) -> None:
    project = share_environment(render_project({"server": server}), PRODUCTION)

    statuses, memory, written = put_load_on(project, variables)

    print(statuses, memory / 1e6, written / 1e6)
    assert statuses <= {None, httpx.codes.LENGTH_REQUIRED, httpx.codes.REQUEST_ENTITY_TOO_LARGE}
    assert httpx.codes.REQUEST_ENTITY_TOO_LARGE in statuses
    assert memory < 10 * MEGABYTE
    assert written < MEGABYTE
