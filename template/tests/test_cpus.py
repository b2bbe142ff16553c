"""How many processors a container leaves to its processes."""

import os
from pathlib import Path

import pytest

from config.cpus import cpu_count


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(autouse=True)
def _many_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand on a host with 64 processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))


@pytest.mark.parametrize(
    ("membership", "files", "count"),
    [
        # In a container: its own group is the root that it sees.
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 64),
        # On a host: the tightest of the groups around it.
        ("0::/app.slice/web\n", {"app.slice/cpu.max": "300000 100000\n", "app.slice/web/cpu.max": "max 100000\n"}, 3),
        ("0::/web\n", {"web/cpu.max": "100000 100000\n", "other/cpu.max": "900000 100000\n"}, 1),
        # Version 1.
        (
            "4:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n",
            {"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            4,
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ("", {}, 64),
    ],
)
def test_the_limit_of_a_container_counts(membership: str, files: dict[str, str], count: int, tmp_path: Path) -> None:
    write(tmp_path / "membership", membership)
    for name, text in files.items():
        write(tmp_path / "cgroups" / name, text)

    assert cpu_count(tmp_path / "cgroups", tmp_path / "membership") == count


def test_where_nothing_limits_all_count(tmp_path: Path) -> None:
    assert cpu_count(tmp_path, tmp_path / "membership") == 64


def test_here_there_is_one_at_least() -> None:
    assert 1 <= cpu_count() <= 64
