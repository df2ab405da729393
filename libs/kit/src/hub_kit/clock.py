"""Time comes in from outside: the one place that reads a clock (design rule 17)."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hub_kit.db.pool import Connection

MAX_SKEW_SECONDS = 2.0


class Clock(Protocol):
    """What code that needs time is given."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; sleepers wake in the order of their due times."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("ManualClock wants an aware datetime")
        self._now = start.astimezone(UTC)
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The moment the clock was last moved to, aware, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Return once `advance` has passed the due time; a sleep of zero or less only yields to the loop."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), future))
        await future

    def advance(self, seconds: float) -> None:
        """Move forward and wake who is due; woken tasks run at the caller's next await."""
        if seconds < 0:
            raise ValueError("a clock does not go back; use set_now for a wall clock jump")
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    def set_now(self, moment: datetime) -> None:
        """Jump the wall clock (either way) without moving the monotonic one."""
        if moment.tzinfo is None:
            raise ValueError("ManualClock wants an aware datetime")
        self._now = moment.astimezone(UTC)

    @property
    def sleeping(self) -> int:
        """How many sleepers wait."""
        return sum(1 for _, _, future in self._sleepers if not future.done())


async def measure_skew(conn: Connection, clock: Clock) -> float:
    """Seconds by which the database is ahead of this process (negative: behind), the round trip halved."""
    before = clock.now()
    database: datetime = await conn.fetchval("select clock_timestamp()")
    after = clock.now()
    return (database - (before + (after - before) / 2)).total_seconds()


def skew_problem(skew: float, limit: float = MAX_SKEW_SECONDS) -> str | None:
    """What to tell the operator when process and database disagree by more than `limit` seconds, else None."""
    if abs(skew) <= limit:
        return None
    return f"clock skew {skew:+.1f} s between process and database (limit {limit:g} s): check NTP on both machines"
