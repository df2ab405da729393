"""Keeps the runners going: each handler has a loop that a wake-up or a slow poll moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from hub_contracts.events import Event
from hub_kit.messaging.local import LocalRunner
from hub_kit.messaging.model import Local, Route
from hub_kit.messaging.peer import PeerRunner
from hub_kit.messaging.runner import Bench, log

IDLE_POLL_SECONDS = 1.0
ERROR_PAUSE_SECONDS = 1.0
Runner = LocalRunner | PeerRunner


def build_runners(bench: Bench, routes: Sequence[Route]) -> list[Runner]:
    """One runner per handler of the table, which may have several event models."""
    models: dict[str, list[type[Event]]] = {}
    for route in routes:
        models.setdefault(route.handler.name, []).append(route.model)
    handlers = {route.handler.name: route.handler for route in routes}
    return [
        LocalRunner(bench, handler, models[name])
        if isinstance(handler, Local)
        else PeerRunner(bench, handler, models[name])
        for name, handler in handlers.items()
    ]


class Worker:
    """The loops of all runners of a process."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        self._runners = {runner.name: runner for runner in runners}
        self._wakes = {name: asyncio.Event() for name in self._runners}
        self._expected = dict.fromkeys(self._runners, 0)
        self._stopping = False

    def wake(self, handlers: Mapping[str, int] | Iterable[str]) -> None:
        """These handlers have work: so many items more, or who knows how many."""
        counts = handlers if isinstance(handlers, Mapping) else dict.fromkeys(handlers, 1)
        for name, count in counts.items():
            if name in self._wakes:
                self._expected[name] += count
                self._wakes[name].set()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self.wake(self._wakes.keys())

    def tripped(self) -> str | None:
        """Which handler stopped because too many items in a row died, None when all is well (a readiness check)."""
        names = [name for name, runner in self._runners.items() if runner.limit.tripped]
        return f"too many dead items in a row: {', '.join(names)}" if names else None

    async def run(self) -> None:
        """Until stopped; then waits for the calls under way."""
        async with asyncio.TaskGroup() as group:
            for name, runner in self._runners.items():
                group.create_task(self._loop(runner, self._wakes[name]), name=f"worker:{name}")
        for runner in self._runners.values():
            if isinstance(runner, PeerRunner):
                await runner.drain()

    async def _loop(self, runner: Runner, wake: asyncio.Event) -> None:
        while not self._stopping:
            wake.clear()
            if runner.limit.tripped:
                claimed = 0
            else:
                try:
                    claimed = await runner.run_once()
                except Exception as error:
                    log.warning("worker.interrupted", exc_info=error, handler=runner.name)
                    await self._wait(wake, ERROR_PAUSE_SECONDS)
                    continue
            # what is expected may be claimed by a replica, or wait behind its own act: an empty claim forgets it
            expected = max(0, self._expected[runner.name] - claimed) if claimed else 0
            self._expected[runner.name] = expected
            if not expected:
                await self._wait(wake, IDLE_POLL_SECONDS)

    async def _wait(self, wake: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(wake.wait(), seconds)
        except TimeoutError:
            return
