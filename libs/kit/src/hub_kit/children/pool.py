"""A fixed number of children and one bounded queue before them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub_kit.children.model import ChildEvent, ChildFailed, ChildLimits, ChildrenBusy, Failure, PoolState
from hub_kit.children.process import Child, ChildBroken, RequestRefused, now


@dataclass(slots=True, eq=False)
class _Job:
    answer: asyncio.Future[bytes] = field(repr=False)
    request: bytes = field(repr=False)


@dataclass(slots=True, eq=False)
class _Slot:
    """The place of one child: the child that is in it, what it works on, its failures since its last answer."""

    child: Child | None = None
    job: _Job | None = None
    failures: int = 0
    not_started: bool = False
    recycled: bool = False


class ChildPool:
    """`size` child processes that answer requests; at most `queue` more requests wait.

    `argv` is a program that calls `hub_kit.children.child.serve`. `variables` is added to the children's otherwise
    bare environment. `on_event` is told everything that happens and how the pool is then; it must not block.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        size: int,
        queue: int,
        limits: ChildLimits,
        variables: Mapping[str, str] | None = None,
        on_event: Callable[[ChildEvent, PoolState], None] = lambda _event, _state: None,
    ) -> None:
        if size < 1 or queue < 0:
            raise ValueError("size must be 1 or more, queue 0 or more")
        self.name = name
        self._argv, self._limits, self._variables = tuple(argv), limits, dict(variables or {})
        self._queue, self._tell = queue, on_event
        self._slots = [_Slot() for _ in range(size)]
        self._waiting: deque[_Job] = deque()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._recycling = False
        self._counts = dict.fromkeys(("answered", "failed", "busy", "started", "restarted", "recycled"), 0)
        self._last_failure = ""

    async def start(self) -> None:
        """Start the children and wait until one is ready. Raises `ChildFailed` when none can be started."""
        self._tasks = [asyncio.create_task(self._run(slot), name=f"{self.name}-child") for slot in self._slots]
        while not self._alive() and not self._hopeless():
            await self._change()
        if not self._alive():
            await self.close()
            raise ChildFailed(self.name, Failure.NOT_STARTED)

    async def ask(self, request: bytes) -> bytes:
        """The answer of a child. Raises `ChildrenBusy` and `ChildFailed`; neither holds anything of the request."""
        if self._closing or not self._tasks:
            raise ChildFailed(self.name, Failure.CLOSED)
        if len(request) > self._limits.largest_request:
            raise self._failed(Failure.TOO_LARGE)
        if self._hopeless():
            raise self._failed(Failure.UNAVAILABLE)
        if len(self._waiting) + self._working() >= len(self._slots) + self._queue:
            self._note("busy")
            raise ChildrenBusy(self.name)
        job = _Job(asyncio.get_running_loop().create_future(), request)
        self._waiting.append(job)
        self._changed.set()
        try:
            return await job.answer
        finally:
            if job in self._waiting:
                self._waiting.remove(job)

    async def close(self) -> None:
        """Stop: what waits fails, what is at work may end within the time for one request. May be called twice."""
        self._closing = True
        self._fail_waiting(Failure.CLOSED)
        for slot, task in zip(self._slots, self._tasks, strict=False):
            if slot.job is None:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def state(self) -> PoolState:
        """How it is now."""
        children = self._alive()
        return PoolState(
            size=len(self._slots),
            alive=len(children),
            working=self._working(),
            waiting=len(self._waiting),
            answered=self._counts["answered"],
            failed=self._counts["failed"],
            busy=self._counts["busy"],
            restarts=self._counts["restarted"],
            recycled=self._counts["recycled"],
            resident=sum(child.resident for child in children),
            last_failure=self._last_failure,
        )

    def pids(self) -> tuple[int, ...]:
        """Process ids of the children that are ready or at work."""
        return tuple(child.pid for child in self._alive())

    async def _run(self, slot: _Slot) -> None:
        """Keep one place filled until the pool closes."""
        try:
            while not self._closing:
                await self._start_child(slot)
                if slot.recycled:
                    self._recycling, slot.recycled = False, False
                if slot.child is not None:
                    await self._work(slot, slot.child)
                if slot.failures and not self._closing:
                    doubled = self._limits.first_backoff * 2 ** min(slot.failures - 1, 30)
                    await asyncio.sleep(min(doubled, self._limits.longest_backoff))
        finally:
            if slot.child is not None:
                await slot.child.close()
                slot.child = None

    async def _start_child(self, slot: _Slot) -> None:
        begun = now()
        try:
            slot.child = await Child.start(self._argv, self._limits, self._variables)
        except ChildBroken as broken:
            slot.not_started = True
            self._broke(slot, broken.failure)
            if self._hopeless():
                self._fail_waiting(Failure.UNAVAILABLE)
        else:
            slot.not_started = False
            self._note("started", seconds=now() - begun)
        self._changed.set()

    async def _work(self, slot: _Slot, child: Child) -> None:
        """Give the child one request after the other until it is gone or has to make room for another."""
        gone = asyncio.create_task(child.wait())
        gone.add_done_callback(lambda _: self._changed.set())
        try:
            while not self._closing and not gone.done():
                job = self._next_job()
                if job is None:
                    await self._change()
                elif not await self._answer(slot, child, job):
                    return
                elif self._worn_out(child):
                    await self._recycle(slot, child)
                    return
        finally:
            gone.cancel()
        if not self._closing:
            self._broke(slot, Failure.DIED)

    def _next_job(self) -> _Job | None:
        """The next request that somebody still waits for."""
        while self._waiting:
            job = self._waiting.popleft()
            if not job.answer.done():
                return job
        return None

    async def _answer(self, slot: _Slot, child: Child, job: _Job) -> bool:
        """Answer one request; whether the child can go on."""
        slot.job, begun, failure = job, now(), Failure.CLOSED
        try:
            answer = await child.ask(job.request)
        except RequestRefused:
            failure = Failure.REFUSED
        except ChildBroken as broken:
            failure = broken.failure
            self._broke(slot, failure)
        else:
            slot.failures = 0
            self._note("answered", seconds=now() - begun)
            if not job.answer.done():
                job.answer.set_result(answer)
        finally:
            slot.job = None
            self._fail(job, failure)
        return slot.child is not None

    def _worn_out(self, child: Child) -> bool:
        """Whether it has done its part; one child at a time is replaced, so that the others work on."""
        most, resident = self._limits.requests, self._limits.resident
        worn = (most is not None and child.requests >= most) or (resident is not None and child.resident > resident)
        return worn and not self._recycling

    async def _recycle(self, slot: _Slot, child: Child) -> None:
        """End the child; until the next one has started, no other is recycled."""
        self._recycling, slot.recycled, slot.child = True, True, None
        self._note("recycled")
        await child.close()

    def _broke(self, slot: _Slot, failure: Failure) -> None:
        slot.child = None
        slot.failures += 1
        self._last_failure = failure.value
        self._note("restarted", failure.value)

    def _fail_waiting(self, failure: Failure) -> None:
        while self._waiting:
            self._fail(self._waiting.popleft(), failure)

    def _fail(self, job: _Job, failure: Failure) -> None:
        if not job.answer.done():
            job.answer.set_exception(self._failed(failure))

    def _failed(self, failure: Failure) -> ChildFailed:
        self._note("failed", failure.value)
        return ChildFailed(self.name, failure)

    def _note(self, kind: str, code: str = "", seconds: float = 0.0) -> None:
        self._counts[kind] += 1
        self._tell(ChildEvent(self.name, kind, code, seconds), self.state())

    def _alive(self) -> list[Child]:
        return [slot.child for slot in self._slots if slot.child is not None]

    def _working(self) -> int:
        return sum(slot.job is not None for slot in self._slots)

    def _hopeless(self) -> bool:
        """Whether no child is there and none could be started."""
        return all(slot.child is None and slot.not_started for slot in self._slots)

    async def _change(self) -> None:
        """Until something is different: a request, a child that came or went."""
        self._changed.clear()
        await self._changed.wait()
