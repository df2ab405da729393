"""Runs a Peer handler: claim under a fenced lease, call outside any transaction, then apply and settle.

Calls that end while a transaction is under way are written together in the next one: no waiting when there is little to
do, few transactions when there is much.

A result that comes after its lease ended doesn't match the lease any more: it is logged and dropped (design rule 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub_contracts.events import Event
from hub_kit import faults
from hub_kit.db import Connection
from hub_kit.messaging.claims import Claimed, Claimer
from hub_kit.messaging.failure import DeadLimit
from hub_kit.messaging.model import Effects, Peer
from hub_kit.messaging.outbox import QUERIES, LeaseLost
from hub_kit.messaging.runner import Bench, Ending, log, models_of
from hub_kit.telemetry import metric_defs as defs

LEASE_MARGIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class _Leased:
    item: Claimed
    lease_id: UUID
    state: Any


@dataclass(frozen=True, slots=True)
class _Ended:
    """What a call came to: effects, or the error it ended with; neither for an item that is not worked on."""

    leased: _Leased
    effects: Effects[Any] | None = None
    error: Exception | None = None


class PeerRunner:
    """One per Peer handler and process. At most `concurrency` calls run at a time."""

    def __init__(self, bench: Bench, handler: Peer[Any, Any, Any, Any], models: list[type[Event]]) -> None:
        self._bench = bench
        self._handler = handler
        self._claimer = Claimer(handler.name, models_of(models), bench.clock)
        self._calls: set[asyncio.Task[None]] = set()
        self._ended_calls: list[_Ended] = []
        self._settling = asyncio.Lock()
        self._free = asyncio.Event()
        self._free.set()
        self.limit = DeadLimit()

    @property
    def name(self) -> str:
        """The handler's name."""
        return self._handler.name

    async def run_once(self) -> int:
        """Claim as many items as calls are free and start their calls; the number claimed."""
        await self._free.wait()
        room = self._handler.concurrency - len(self._calls)
        leased = await self._claim(room)
        for one in leased:
            task = asyncio.create_task(self._work(one), name=f"{self.name}:{one.item.envelope.id}")
            self._calls.add(task)
            task.add_done_callback(self._ended)
        if len(self._calls) >= self._handler.concurrency:
            self._free.clear()
        return len(leased)

    async def drain(self) -> None:
        """Wait for the calls under way."""
        if self._calls:
            await asyncio.wait(self._calls)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._free.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work.not_settled", exc_info=error, handler=self.name)

    async def _claim(self, room: int) -> list[_Leased]:
        """Claimed, loaded and leased; when that fails it is done again item by item, as a batch is (design rule 5)."""
        await self._bench.prepare()
        failed: list[UUID] = []
        try:
            async with self._bench.pool.acquire() as connection, connection.transaction():
                claimed = await self._claimer.claim(connection, room, self._handler.per_lane)
                failed = [c.envelope.id for c in claimed]
                leased = await self._lease(connection, claimed) if claimed else []
        except Exception as error:
            if not failed:
                raise
            leased = []
            for event_id in failed:
                leased += await self._claim_alone(event_id, error if len(failed) == 1 else None)
        if leased:
            faults.reach("after_claim")
        return leased

    async def _lease(self, connection: Connection, claimed: Sequence[Claimed]) -> list[_Leased]:
        leases = {c.envelope.id: self._bench.new_id() for c in claimed}
        until = self._bench.clock.now() + timedelta(seconds=self._handler.call_seconds + LEASE_MARGIN_SECONDS)
        works = [c.work(leases[c.envelope.id]) for c in claimed if c.event is not None and not c.superseded]
        states: Mapping[UUID, Any] = await self._handler.load(connection, works) if works else {}
        await connection.execute(QUERIES.lease, list(leases), list(leases.values()), until)
        return [_Leased(c, leases[c.envelope.id], states.get(c.envelope.id)) for c in claimed]

    async def _claim_alone(self, event_id: UUID, known: Exception | None) -> list[_Leased]:
        """One item in a transaction of its own; if it can't be loaded it is settled as failed."""
        error = known
        if error is None:
            try:
                async with self._bench.pool.acquire() as connection, connection.transaction():
                    item = await self._claimer.claim_one(connection, event_id)
                    return await self._lease(connection, [item]) if item is not None else []
            except Exception as again:
                error = again
        ending = Ending(self._bench, self.name, self.limit)
        async with self._bench.pool.acquire() as connection, connection.transaction():
            item = await self._claimer.claim_one(connection, event_id)
            if item is not None:
                ending.failed(item, error)
                await self._bench.outbox.settle(connection, ending.settlement, self._bench.clock.now())
        ending.committed()
        self._bench.wake_relay()
        return []

    async def _work(self, leased: _Leased) -> None:
        item = leased.item
        if item.superseded or item.event is None:
            await self._settled(_Ended(leased))
            return
        try:
            work = item.work(leased.lease_id)
            async with asyncio.timeout(self._handler.call_seconds):
                outcome = await self._handler.call(work, leased.state)
            faults.reach("after_peer_call_before_record")
            effects = self._handler.decide(work, leased.state, outcome, self._bench.clock.now())
        except Exception as error:
            await self._settled(_Ended(leased, error=error))
        else:
            await self._settled(_Ended(leased, effects))

    async def _settled(self, one: _Ended) -> None:
        """Written together with whatever ended while the transaction before was under way: one for all of them."""
        self._ended_calls.append(one)
        async with self._settling:
            together, self._ended_calls = self._ended_calls, []
            if together:
                await self._settle(together)

    async def _settle(self, together: list[_Ended]) -> None:
        """In one transaction; when that fails each by itself (design rule 5), so that one can't hold up the others."""
        try:
            await self._write(together)
        except LeaseLost:
            if len(together) == 1:
                self._dropped(together[0].leased.item)
            else:
                await self._each_alone(together)
        except Exception as error:
            if len(together) > 1:
                await self._each_alone(together)
            elif together[0].error is None:
                await self._settle([replace(together[0], effects=None, error=error)])
            else:
                raise
        self._bench.wake_relay()

    async def _each_alone(self, together: list[_Ended]) -> None:
        for one in together:
            try:
                await self._settle([one])
            except Exception as error:
                log.error("work.not_settled", exc_info=error, handler=self.name)

    def _dropped(self, item: Claimed) -> None:
        self._bench.metrics.inc(defs.WORK_DONE, self.name, "lease_lost")
        log.warning("work.late_result_dropped", handler=self.name, event_id=str(item.envelope.id))

    async def _write(self, together: list[_Ended]) -> None:
        ending = Ending(self._bench, self.name, self.limit)
        for one in together:
            item, lease_id = one.leased.item, one.leased.lease_id
            if one.error is not None:
                ending.failed(item, one.error, lease_id)
            elif one.effects is not None:
                ending.done(item, one.effects, lease_id)
            elif item.superseded:
                ending.superseded(item, lease_id)
            else:
                ending.unreadable(item, lease_id)
        effects = [one.effects for one in together if one.effects is not None]
        async with self._bench.pool.acquire() as connection, connection.transaction():
            if effects:
                await self._handler.apply(connection, effects)
            await self._bench.outbox.settle(connection, ending.settlement, self._bench.clock.now())
        ending.committed()
