"""Supervised tasks in one event loop: one dies, all stop in order, the platform restarts the process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import uvloop

from hub_kit.clock import Clock, SystemClock
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.logs import get_logger
from hub_kit.telemetry.metrics import Metrics

EXIT_OK = 0
EXIT_TASK_DIED = 70  # EX_SOFTWARE
EXIT_SLOW_STOP = 75  # EX_TEMPFAIL
LAG_EVERY_SECONDS = 0.5
CLOSE_SHARE = 0.2
T = TypeVar("T")
_log = get_logger("hub_kit.run")


class Phase(IntEnum):
    """The order of stopping: first what brings work in, then what does it, then the relay, then what only watches."""

    INTAKE = 1
    WORK = 2
    RELAY = 3
    WATCH = 4


@dataclass(slots=True)
class _Supervised:
    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None] | None
    phase: Phase
    task: asyncio.Task[None] | None = field(default=None)


class Supervisor:
    """Runs named tasks until a signal, `request_stop()` or the end of any of them."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
        health: Health | None = None,
        stop_seconds: float = 10.0,
    ) -> None:
        self._clock = clock or SystemClock()
        self._metrics = metrics
        self._health = health
        self._stop_seconds = stop_seconds
        self._members: list[_Supervised] = []
        self._stop_asked = asyncio.Event()
        self._hurry = asyncio.Event()
        self.resources = AsyncExitStack()
        """What the tasks use (pools, clients): enter it here, it is closed after they have ended."""

    def add(
        self, name: str, run: Callable[[], Awaitable[None]], *, phase: Phase, stop: Callable[[], None] | None = None
    ) -> None:
        """Supervise `run()`. `stop()` asks it to end by itself; without one it is cancelled when its phase stops."""
        self._members.append(_Supervised(name, run, stop, phase))

    def request_stop(self) -> None:
        """Stop in order; asked a second time: stop at once."""
        if self._stop_asked.is_set():
            self._hurry.set()
        self._stop_asked.set()

    async def run(self, *, signals: bool = True) -> int:
        """Run everything and return the exit code: 0 after an ordered stop, 70 when a task died, 75 when one had to be
        cancelled because it did not end in time."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_loop_exception)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.request_stop)
        try:
            return await self._run()
        finally:
            if signals:
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.remove_signal_handler(number)

    async def _run(self) -> int:
        if self._metrics is not None:
            self.add("event-loop-lag", self._watch_lag, phase=Phase.WATCH)
        try:
            for member in self._members:
                member.task = asyncio.create_task(_call(member.run), name=member.name)
            self._count()
            died = await self._until_end()
            if self._health is not None:
                self._health.stopping()
            late = await self._stop_in_order()
        finally:
            await self._close_resources()
        _log.info("process.stopped", died=died, late=late)
        if died:
            return EXIT_TASK_DIED
        return EXIT_SLOW_STOP if late else EXIT_OK

    async def _until_end(self) -> list[str]:
        """Wait; the names of the tasks that ended although nobody had asked (empty: a stop was asked for)."""
        asked = asyncio.create_task(self._stop_asked.wait())
        tasks = [member.task for member in self._members if member.task is not None]
        await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if self._stop_asked.is_set():
            _log.info("process.stopping")
            return []
        died = [member for member in self._members if member.task is not None and member.task.done()]
        for member in died:
            assert member.task is not None
            error = None if member.task.cancelled() else member.task.exception()
            _log.error("task.died", task=member.name, exc_info=error)
        return [member.name for member in died]

    async def _stop_in_order(self) -> list[str]:
        deadline = self._clock.monotonic() + self._stop_seconds * (1 - CLOSE_SHARE)
        late: list[str] = []
        phases = sorted({member.phase for member in self._members})
        for position, phase in enumerate(phases):
            members = [m for m in self._members if m.phase is phase and m.task is not None and not m.task.done()]
            share = max(0.0, deadline - self._clock.monotonic()) / (len(phases) - position)
            late += await self._stop_members(members, share)
            self._count()
        return late

    async def _stop_members(self, members: list[_Supervised], seconds: float) -> list[str]:
        for member in members:
            assert member.task is not None
            if member.stop is None:
                member.task.cancel()
            else:
                member.stop()
        tasks = {member.task: member for member in members if member.task is not None}
        if not tasks:
            return []
        await self._wait_or_hurry(list(tasks), seconds)
        late = [member for task, member in tasks.items() if not task.done()]
        for member in late:
            assert member.task is not None
            member.task.cancel()
        if late:
            await asyncio.wait([task for task in tasks if not task.done()], timeout=1.0)
        for task, member in tasks.items():
            if task.done() and not task.cancelled() and task.exception() is not None:
                _log.error("task.failed_while_stopping", task=member.name, exc_info=task.exception())
        if late:
            _log.warning("task.cancelled", tasks=[member.name for member in late])
        return [member.name for member in late]

    async def _wait_or_hurry(self, tasks: list[asyncio.Task[None]], seconds: float) -> None:
        hurry = asyncio.create_task(self._hurry.wait())
        everything = asyncio.create_task(asyncio.wait(tasks))
        await asyncio.wait([hurry, everything], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        everything.cancel()

    async def _close_resources(self) -> None:
        try:
            async with asyncio.timeout(max(1.0, self._stop_seconds * CLOSE_SHARE)):
                await self.resources.aclose()
        except Exception as error:
            _log.error("resources.not_closed", exc_info=error)

    async def _watch_lag(self) -> None:
        assert self._metrics is not None
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            await asyncio.sleep(LAG_EVERY_SECONDS)
            self._metrics.observe(defs.LOOP_LAG_SECONDS, max(0.0, loop.time() - started - LAG_EVERY_SECONDS))

    def _count(self) -> None:
        if self._metrics is not None:
            running = sum(1 for m in self._members if m.task is not None and not m.task.done())
            self._metrics.set(defs.TASKS_RUNNING, running)


def run_loop(main: Callable[[], Awaitable[int]]) -> int:
    """Run `main()` on uvloop and return its result."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_call(main))


async def _call(run: Callable[[], Awaitable[T]]) -> T:
    return await run()


def _loop_exception(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would print with the exception's message: logged without it."""
    error = context.get("exception")
    source = context.get("task") or context.get("future") or context.get("handle")
    name = source.get_name() if isinstance(source, asyncio.Task) else type(source).__name__
    text = str(context.get("message", "")).split("\n", 1)[0]
    _log.error("loop.exception", text=text, source=name, exc_info=error if isinstance(error, Exception) else None)


def fail_at_start(error: BaseException) -> int:
    """Log why the process can't start, also in one line on standard error, and return the exit code 78 (EX_CONFIG)."""
    _log.error("process.not_started", exc_info=error)
    sys.stderr.write(f"not started: {type(error).__name__}\n")
    return 78
