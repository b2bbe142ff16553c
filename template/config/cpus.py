"""How many processors this process may use: a container's share, not what the host has.

https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
"""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def cpu_count(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the number of processors, at least 1: a limit of half a processor counts as one.

    Args:
        cgroups: Where control groups are mounted.
        membership: The file that says which of them this process is in, a line for each hierarchy.
    """
    # What the scheduler may choose from, which macOS does not tell.
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([usable, *(ceil(limit) for limit in _limits(cgroups, membership))]))


def _limits(cgroups: Path, membership: Path) -> Iterator[float]:
    """Yield the limits of each group that this process is in: of its own, and of those around it."""
    if not membership.is_file():
        return
    for line in membership.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        # Version 2 has one hierarchy and names no controllers. In a container either's root is the container's own.
        mount = cgroups / "cpu" if "cpu" in controllers.split(",") else cgroups
        if controllers and mount == cgroups:
            continue
        own = mount / path.lstrip("/")
        for group in [own, *own.parents]:
            if group.is_relative_to(mount) and (limit := _limit(group)):
                yield limit


def _limit(group: Path) -> float | None:
    """Return how many processors a group may use, or None where it may use all."""
    if (group / "cpu.max").is_file():
        quota, period = (group / "cpu.max").read_text().split()
    elif (group / "cpu.cfs_quota_us").is_file():
        quota, period = (group / "cpu.cfs_quota_us").read_text(), (group / "cpu.cfs_period_us").read_text()
    else:
        return None
    return None if quota == "max" or int(quota) < 0 else int(quota) / int(period)
