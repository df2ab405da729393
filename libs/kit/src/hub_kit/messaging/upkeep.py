"""Housekeeping of the work tables: wake what is due, end stale leases, keep partitions, measure queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from hub_contracts.errors import ErrorCode
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.messaging.outbox import QUERIES
from hub_kit.messaging.runner import log
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

TICK_SECONDS = 0.5
SLOW_TICKS = 20
DAILY = timedelta(hours=6)
KEEP_SEEN_DAYS = 14  # topics live 7 days: an event can't come again after it was forgotten (design rule 18)
KEEP_DEAD = timedelta(days=30)


class Upkeep:
    """One per process; every step may run in several replicas at once."""

    def __init__(self, *, pool: Pool, clock: Clock, metrics: Metrics, wake: Callable[[Iterable[str]], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._wake = wake
        self._next_daily: datetime | None = None
        self._stopping = False

    def stop(self) -> None:
        """End at the next tick."""
        self._stopping = True

    async def run(self) -> None:
        """Until stopped."""
        tick = 0
        while not self._stopping:
            try:
                await self.wake_due()
                if tick % SLOW_TICKS == 0:
                    await self.measure()
                    await self.daily()
            except Exception as error:
                log.warning("upkeep.interrupted", exc_info=error)
            tick += 1
            await self._clock.sleep(TICK_SECONDS)

    async def wake_due(self) -> None:
        """Waiting items that are due and leased items whose lease has ended become ready."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(QUERIES.wake_due, now)
        if rows:
            self._wake({row["handler"] for row in rows})

    async def measure(self) -> None:
        """Queue lengths and ages into the metrics."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            outbox = await connection.fetchrow(QUERIES.outbox_age, now)
            queues = await connection.fetch(QUERIES.queue_state, now)
            paused = await connection.fetch(QUERIES.paused_lanes)
        if outbox is not None:
            self._metrics.set(defs.OUTBOX_PENDING, outbox["waiting"])
            self._metrics.set(defs.OUTBOX_OLDEST_SECONDS, outbox["oldest_seconds"] or 0.0)
        live = [q for q in queues if q["state"] != "dead"]
        counts: dict[tuple[str, ...], float] = {}
        ages: dict[tuple[str, ...], float] = {}
        for queue in live:
            kind = (queue["handler"],)
            counts[kind] = counts.get(kind, 0.0) + queue["items"]
            ages[kind] = max(ages.get(kind, 0.0), queue["oldest_seconds"])
        self._metrics.replace(defs.WORK_READY, counts)
        self._metrics.replace(defs.WORK_OLDEST_SECONDS, ages)
        dead: dict[tuple[str, ...], float] = {
            (q["handler"],): float(q["items"]) for q in queues if q["state"] == "dead"
        }
        self._metrics.replace(defs.DEAD_ITEMS, dead)
        reasons: dict[tuple[str, ...], float] = {}
        for row in paused:
            reason = row["reason"] if row["reason"] in ErrorCode.__members__ else "operator"  # words of a person
            reasons[(reason,)] = reasons.get((reason,), 0.0) + 1
        self._metrics.replace(defs.LANES_PAUSED, reasons)

    async def daily(self) -> None:
        """Partitions of seen events kept, dead items past their time dropped; a few times a day."""
        now = self._clock.now()
        if self._next_daily is not None and now < self._next_daily:
            return
        async with self._pool.acquire() as connection:
            await connection.execute(QUERIES.maintain_seen, now.date(), KEEP_SEEN_DAYS)
            dropped = await connection.fetch(QUERIES.drop_old_dead, now - KEEP_DEAD)
            await connection.execute(QUERIES.drop_old_parked, now - KEEP_DEAD)
        if dropped:
            log.info("upkeep.dead_items_dropped", count=len(dropped))
        self._next_daily = now + DAILY
