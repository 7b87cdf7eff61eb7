"""Processor time by process, from /proc: what a request costs whoever else is busy on the machine."""

import os
from collections.abc import Iterator
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
_AFTER_NAME = 2
"""The number of the first field behind the name of a process, which may hold blanks (proc(5))."""
_PARENT, _USED = 3, slice(13, 17)


def used(root: int) -> float:
    """Return the seconds of processor time of process `root` and of all it started, those that ended too."""
    return sum(map(_own, _family(root)))


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _own(pid: int) -> float:
    """Seconds of a process, with its children that were waited for."""
    return TICK * sum(
        int(ticks) for ticks in _fields(pid)[_USED.start - _AFTER_NAME : _USED.stop - _AFTER_NAME]
    )


def _family(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[_PARENT - _AFTER_NAME]), []).append(int(entry.name))
    line = [root]
    while line:
        pid = line.pop()
        yield pid
        line += children.get(pid, [])
