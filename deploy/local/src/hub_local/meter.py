"""CPU and memory of processes as /proc tells them, and how fast the disk makes writes durable."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """Watches named processes, each with its children (PostgreSQL's backends)."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._before: dict[str, float] = {}

    def start(self) -> None:
        """Begin to count."""
        self._before = self._seconds()

    def stop(self) -> dict[str, float]:
        """CPU seconds used since `start`, by name."""
        after = self._seconds()
        return {name: max(0.0, after[name] - self._before.get(name, 0.0)) for name in after}

    def memory(self) -> dict[str, float]:
        """Resident MiB by name; of PostgreSQL the proportional share, since its processes share memory."""
        return {name: sum(map(_resident, self._family(pid))) / 2**20 for name, pid in self._pids.items()}

    def _seconds(self) -> dict[str, float]:
        return {name: self._of(pid) for name, pid in self._pids.items()}

    def _of(self, pid: int) -> float:
        own = _stat(pid)
        # reaped children are in the parent's cutime and cstime
        total = sum(own[11:15]) if own else 0
        total += sum(sum(stat[11:13]) for child in self._family(pid) if child != pid and (stat := _stat(child)))
        return total / TICK

    def _family(self, pid: int) -> list[int]:
        path = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            children = [int(child) for child in path.read_text().split()]
        except OSError:
            children = []
        return [pid, *children]


def _stat(pid: int) -> list[int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
    return [0, *(int(f) if f.lstrip("-").isdigit() else 0 for f in fields[1:])]


def _resident(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    except OSError:
        return 0.0
    return 0.0


def fdatasync_rate(folder: Path, seconds: float = 2.0) -> float:
    """Durable 4 KiB writes per second in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        count, began = 0, time.monotonic()
        while (elapsed := time.monotonic() - began) < seconds:
            os.pwrite(handle, b"\0" * 4096, (count % 256) * 4096)
            os.fdatasync(handle)
            count += 1
    finally:
        os.close(handle)
        Path(name).unlink()
    return count / elapsed
