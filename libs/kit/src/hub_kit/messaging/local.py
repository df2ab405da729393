"""Runs a Local handler: claim, load, decide, apply and settle, a batch in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub_contracts.events import Event
from hub_kit.db import Connection
from hub_kit.messaging.claims import Claimed, Claimer
from hub_kit.messaging.failure import DeadLimit
from hub_kit.messaging.model import Effects, Local
from hub_kit.messaging.runner import Bench, Ending, models_of


class LocalRunner:
    """One per Local handler and process."""

    def __init__(self, bench: Bench, handler: Local[Any, Any, Any], models: list[type[Event]]) -> None:
        self._bench = bench
        self._handler = handler
        self._claimer = Claimer(handler.name, models_of(models), bench.clock)
        self.limit = DeadLimit()

    @property
    def name(self) -> str:
        """The handler's name."""
        return self._handler.name

    async def run_once(self) -> int:
        """Handle one batch; the number of items claimed. A batch that fails is redone item by item."""
        await self._bench.prepare()
        failed: list[UUID] = []
        async with self._bench.pool.acquire() as connection:
            try:
                ending: Ending | None = None
                async with connection.transaction():
                    claimed = await self._claimer.claim(connection, self._handler.batch, self._handler.per_lane)
                    if claimed:
                        failed = [c.envelope.id for c in claimed]
                        ending = await self._handle(connection, claimed)
                if ending is not None:
                    ending.committed()
            except Exception as error:
                if not failed:
                    raise
                for event_id in failed:
                    await self._redo(connection, event_id, error if len(failed) == 1 else None)
        if failed:
            self._bench.wake_relay()
        return len(failed)

    async def _handle(self, connection: Connection, claimed: list[Claimed]) -> Ending:
        ending = Ending(self._bench, self.name, self.limit)
        now = self._bench.clock.now()
        live = []
        for item in claimed:
            if item.superseded:
                ending.superseded(item)
            elif item.event is None:
                ending.unreadable(item)
            else:
                live.append(item)
        works = [item.work() for item in live]
        states = await self._handler.load(connection, works) if works else {}
        all_effects: list[Effects[Any]] = []
        for item, work in zip(live, works, strict=True):
            effects = self._handler.decide(work, states[work.id], now)
            all_effects.append(effects)
            ending.done(item, effects)
        if all_effects:
            await self._handler.apply(connection, all_effects)
        await self._bench.outbox.settle(connection, ending.settlement, now)
        return ending

    async def _redo(self, connection: Connection, event_id: UUID, known: Exception | None) -> None:
        """Handle one item in its own transaction; if that fails too, settle it as failed."""
        error = known
        if error is None:
            try:
                done: Ending | None = None
                async with connection.transaction():
                    item = await self._claimer.claim_one(connection, event_id)
                    if item is not None:
                        done = await self._handle(connection, [item])
                if done is not None:
                    done.committed()
                return
            except Exception as again:
                error = again
        ending = Ending(self._bench, self.name, self.limit)
        async with connection.transaction():
            item = await self._claimer.claim_one(connection, event_id)
            if item is None:
                return
            ending.failed(item, error)
            await self._bench.outbox.settle(connection, ending.settlement, self._bench.clock.now())
        ending.committed()
