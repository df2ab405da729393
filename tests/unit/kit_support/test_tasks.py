"""A background task outlives its failures and ends when told."""

from __future__ import annotations

import asyncio

from hub_kit.tasks import repeat
from hub_kit.telemetry import logs


async def test_work_is_repeated_after_a_failure_until_stopped() -> None:
    stopping, turns = asyncio.Event(), 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise RuntimeError("boom")
        if turns == 4:
            stopping.set()

    async with asyncio.timeout(10):
        await repeat(work, every=0.001, stopping=stopping, log=logs.get_logger("test"), failed="test.failed")
    assert turns == 4


async def test_a_stopped_task_does_nothing() -> None:
    stopping = asyncio.Event()
    stopping.set()

    async def work() -> None:
        raise AssertionError("not called")

    await repeat(work, every=60, stopping=stopping, log=logs.get_logger("test"), failed="test.failed")
