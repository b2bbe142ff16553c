"""Send requests to a server from 16 connections: by wrk if it is installed, otherwise by a client in Python."""

import asyncio
import itertools
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 16
# Takes requests from a file, in turn, and counts the statuses of the answers.
_SCRIPT = """
local requests, number = {}, 0
for request in io.open(os.getenv("REQUESTS"), "rb"):read("*a"):gmatch("[^%z]+") do table.insert(requests, request) end
function request()
    number = number % #requests + 1
    return requests[number]
end
"""
_UNITS = {"us": 1e-3, "ms": 1, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """The answers to a load.

    Attributes:
        count: How many there were.
        per_second: How many there were per second.
        p50: The median time of an answer, in milliseconds.
        p99: The time in which 99 of 100 were there, in milliseconds.
        errors: How many had a status of 400 or more, or did not come.
    """

    count: int
    per_second: float
    p50: float
    p99: float
    errors: int


def tool() -> str:
    """Return the name of the client."""
    return "wrk" if shutil.which("wrk") else "a client in Python"


def send(address: str, requests: Sequence[bytes], *, seconds: float) -> Load:
    """Send requests in turn for some seconds.

    Args:
        address: The base URL of the server.
        requests: HTTP/1.1 requests, which end with a blank line or their body.
        seconds: How long.
    """
    return _by_wrk(address, requests, seconds) if shutil.which("wrk") else _by_python(address, requests, seconds)


def _by_wrk(address: str, requests: Sequence[bytes], seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as name:
        script, file = Path(name) / "requests.lua", Path(name) / "requests"
        script.write_text(_SCRIPT, encoding="utf-8")
        file.write_bytes(b"\0".join(requests))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "30s", "--latency"]
        output = subprocess.run(  # noqa: S603 - wrk, with options of our own
            [*command, "--script", str(script), address],
            env={"REQUESTS": str(file)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    errors = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", output)))
    for numbers in re.findall(r"Socket errors: (.+)", output):
        errors += sum(map(int, re.findall(r"\d+", numbers)))
    [count] = re.findall(r"(\d+) requests in", output)
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", output)
    times = {percent: float(number) * _UNITS[unit] for percent, number, unit in _PERCENTILE.findall(output)}
    return Load(int(count), float(rate), times["50"], times["99"], errors)


_PERCENTILE = re.compile(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)


def _by_python(address: str, requests: Sequence[bytes], seconds: float) -> Load:
    times: list[float] = []
    statuses: Counter[int] = Counter()
    turn = itertools.cycle(requests)
    url = urlsplit(address)

    async def client(end: float) -> None:
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        while (start := time.perf_counter()) < end:
            writer.write(next(turn))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            # Without a length, the body is sent in chunks. The last one is empty.
            await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"\r\n0\r\n\r\n"))
            times.append(time.perf_counter() - start)
            statuses[int(head.split()[1])] += 1
        writer.close()

    async def clients() -> None:
        await asyncio.gather(*[client(time.perf_counter() + seconds) for _ in range(CONNECTIONS)])

    asyncio.run(clients())
    times.sort()
    errors = sum(count for status, count in statuses.items() if status >= HTTPStatus.BAD_REQUEST)
    p50, p99 = (1000 * times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
    return Load(len(times), len(times) / seconds, p50, p99, errors)
