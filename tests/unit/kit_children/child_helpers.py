"""What the tests of the children share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from hub_kit.children import ChildLimits, ChildPool

PROGRAM = Path(__file__).parent / "odd_child.py"
LIMITS = ChildLimits(seconds=30, start_seconds=30, close_seconds=2, first_backoff=0.05, longest_backoff=0.4)

MakePool = Callable[..., Awaitable[ChildPool]]


async def until(true: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
