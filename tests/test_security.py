"""The served project, seen from outside: the same headers with every answer, and bodies that nothing is kept of."""

import http.client
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import Render
from tests.harness.environments import PRODUCTION, share_environment
from tests.harness.ports import free_port
from tests.harness.project import Project
from tests.harness.proxy import run_proxy
from tests.harness.serving import HOST, THROUGH_PROXY, migrate, run_server, serve

pytestmark = pytest.mark.served

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


def post_over_the_limit(client: httpx.Client, server: str, path: str) -> httpx.Response:
    """Post a body over the limit, and return the response.

    The WSGI server answers before it reads the body, and resets a connection with unread data, so only the headers are
    sent there. Under ASGI Django reads the body first.
    """
    if server == "asgi":
        return client.post(path, content=bytes(3 * MEGABYTE))
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=60)
    with closing(connection):
        connection.putrequest("POST", path, skip_host=True)
        for name, value in {**THROUGH_PROXY, "Content-Length": str(3 * MEGABYTE)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        request = httpx.Request("POST", client.base_url.join(path), headers=THROUGH_PROXY)
        return httpx.Response(response.status, headers=response.getheaders(), content=response.read(), request=request)


@pytest.mark.parametrize("server", SERVERS)
def test_every_response_has_the_security_headers(
    server: str, render_project: Render, variables: dict[str, str]
) -> None:
    project = share_environment(render_project({"server": server}), PRODUCTION)
    with served(project, variables) as client:
        page = client.get("/api/docs/")
        [style] = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
        answers = {
            200: [page, client.get("/account/verify-email/"), client.get(style)],
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
            413: [post_over_the_limit(client, server, path) for path in ("/back-office/", "/api/v1/auth/token/")],
        }
        for status, several in answers.items():
            for answer in several:
                assert (answer.status_code, dict(answer.headers)) == (status, {**answer.headers, **HEADERS})
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
                assert "camera=()" in answer.headers["permissions-policy"]
                secure = answer.request.headers["x-forwarded-proto"] == "https"
                assert ("strict-transport-security" in answer.headers) == secure


POLICIES = {"content-security-policy", "permissions-policy"}


def test_responses_through_the_proxy_have_each_header_once(
    render_project: Render, variables: dict[str, str], tmp_path: Path
) -> None:
    """Those of the proxy itself as well."""
    project = share_environment(render_project({"domain_name": HOST}), PRODUCTION)
    migrate(project, variables)
    project.python("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=variables)
    plain_port = free_port()
    with ExitStack() as upstream:
        server = upstream.enter_context(run_server(project, variables, workers=1))
        with (
            run_proxy(project, server.address, tmp_path, plain_port=plain_port) as address,
            httpx.Client(base_url=address, headers={"Host": HOST}, verify=False, timeout=60) as client,  # noqa: S501
        ):
            answers = [
                (200, client.get("/account/verify-email/")),
                (404, client.get("/nowhere/")),
                (404, client.get("/api/nowhere/", headers={"X-Request-ID": "abc-123"})),
                (413, client.post("/api/v1/auth/token/", content=bytes(4 * MEGABYTE))),
                (400, client.get("/", headers={"Host": "a b"})),
                (414, client.get(f"/{'a' * 10_000}")),
                (431, client.get("/api/", headers={"X-Long": "a" * 40_000})),
                (405, client.request("TRACE", "/api/")),
                (404, client.get("/own-answer")),
                (400, httpx.get(address.replace("https://", "http://"), headers={"Host": HOST})),
            ]
            elsewhere = httpx.get(f"http://127.0.0.1:{plain_port}/a?b=c", headers={"Host": "evil.example"})
            upstream.close()
            away = client.get("/account/verify-email/")
    for status, answer in [*answers, (503, away), (301, elsewhere)]:
        secure = answer.request.url.scheme == "https"
        expected = {*HEADERS, *POLICIES, *({"strict-transport-security"} if secure else ())}
        counted = Counter(name.lower() for name, _ in answer.headers.multi_items())
        assert (answer.status_code, {name: counted[name] for name in expected}) == (status, dict.fromkeys(expected, 1))
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert ("strict-transport-security" in answer.headers) == secure
        assert len(answer.headers.get_list("x-request-id")) == 1
    assert elsewhere.headers["location"] == f"https://{HOST}/a?b=c"
    assert away.headers.get_list("retry-after") == ["5"]
    # What the proxy answers itself has all that the schema promises.
    promised = answers[2][1].json().keys()
    for status, answer in [*answers[2:], (503, away)]:
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        assert document.keys() == promised
        assert (document["status"], document["request_id"]) == (status, answer.headers["x-request-id"])
        assert document["title"]
        assert document["detail"]
    assert away.json()["instance"] == "/account/verify-email/"


def bodies() -> dict[str, tuple[str, dict[str, str], bytes, bytes]]:
    """Return for each kind of body its URL, its headers, and the bytes before and after 10 MB."""
    # A valid form, so that Django reads its body.
    forged = {"Cookie": f"csrftoken={'x' * 32}", "Referer": f"https://{HOST}/"}
    form = b'--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n'
    return {
        "JSON": ("/api/v1/auth/token/", {"Content-Type": "application/json"}, b'{"email": "', b'"}'),
        "a file": (
            "/back-office/login/",
            {"Content-Type": "multipart/form-data; boundary=x", **forged},
            form,
            b"\r\n--x--\r\n",
        ),
        "a form": ("/back-office/login/", {"Content-Type": "application/x-www-form-urlencoded", **forged}, b"a=", b""),
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
    pids: list[str] = re.findall(
        r"(?:Booting worker with pid|Started server process)\D+(\d+)", project.read("gunicorn.log")
    )
    return Path("/proc") / pids[-1]


def usage(worker: Path) -> tuple[int, int]:
    """Return the most memory that a process has had, and how much it has written, in bytes."""
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", (worker / "status").read_text())
    [written] = re.findall(r"^wchar: (\d+)", (worker / "io").read_text(), re.MULTILINE)
    return int(peak) * 1024, int(written)


@dataclass(frozen=True)
class Load:
    """What many large bodies do to a worker.

    Attributes:
        declared: The statuses of those that say how long they are.
        chunked: Those of the others.
        memory: By how much its peak grows, in bytes.
        written: How much it writes.
    """

    declared: set[int | None]
    chunked: set[int | None]
    memory: int
    written: int


def put_load_on(project: Project, variables: dict[str, str]) -> Load:
    """Post 10 MB of each kind, eight in parallel."""
    with served(project, variables) as client, ThreadPoolExecutor(8) as pool:
        for path, headers, *_ in bodies().values():
            client.post(path, headers=headers)
        worker = worker_of(project)
        memory, written = usage(worker)
        kinds = [*bodies()] * 4
        declared = set(pool.map(lambda kind: post(client, kind, chunked=False), kinds))
        chunked = set(pool.map(lambda kind: post(client, kind, chunked=True), kinds))
        peak, total = usage(worker)
        assert client.get("/readyz").status_code == httpx.codes.OK
    return Load(declared, chunked, peak - memory, total - written)


needs_proc = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs /proc/self/io of Linux")


# Under ASGI, Django spools a body to disk before any middleware runs: there the proxy limits bodies.
@needs_proc
def test_bodies_over_the_limit_use_no_memory_and_no_disk_under_wsgi(
    render_project: Render, variables: dict[str, str]
) -> None:
    load = put_load_on(share_environment(render_project({"server": "wsgi"}), PRODUCTION), variables)

    assert load.declared == {httpx.codes.REQUEST_ENTITY_TOO_LARGE}
    assert httpx.codes.LENGTH_REQUIRED in load.chunked <= {httpx.codes.LENGTH_REQUIRED, None}
    # gunicorn's buffer for each thread; eight bodies would be 80 MB.
    assert load.memory < 40 * MEGABYTE
    assert load.written < MEGABYTE


@needs_proc
def test_without_the_limit_bodies_fill_the_disk(render_project: Render, variables: dict[str, str]) -> None:
    project = share_environment(render_project({"server": "wsgi"}), PRODUCTION)
    project.replace("config/settings/components/http.py", '    "apps.core.middleware.BodyLimitMiddleware",\n', "")

    load = put_load_on(project, variables)

    assert load.written > 10 * MEGABYTE
