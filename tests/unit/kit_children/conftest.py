"""A pool of real child processes that do as they are told (odd_child.py)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from child_helpers import LIMITS, PROGRAM, MakePool

from hub_kit.children import ChildEvent, ChildPool


@pytest.fixture
def events() -> list[ChildEvent]:
    return []


@pytest.fixture
async def make_pool(tmp_path: Path, events: list[ChildEvent]) -> AsyncIterator[MakePool]:
    pools: list[ChildPool] = []

    async def make(
        *, size: int = 1, queue: int = 10, start: str = "", started: bool = True, **limits: Any
    ) -> ChildPool:
        argv = [sys.executable, str(PROGRAM), str(tmp_path), start]
        pool = ChildPool(
            "odd", argv, size=size, queue=queue, limits=replace(LIMITS, **limits),
            on_event=lambda event, _state: events.append(event),
        )  # fmt: skip
        pools.append(pool)
        if started:
            await pool.start()
        return pool

    yield make
    await asyncio.gather(*(pool.close() for pool in pools))
