"""The waiting room: the one place that lets acts go once their patient has a qualified identity.

Several replicas may run it: a local number is worked on by one at a time, under the lock that the handlers take too, so
its acts leave in the order of their reception. Woken for a local number, it waits for the transaction that woke it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub_contracts.acts import Flow
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked, ActRefused, Problem
from hub_contracts.events.identity import ActAwaitingIdentity, ActIdentified
from hub_contracts.states import Stage
from hub_identity.domain import Accepted, Refused, judge_waiting
from hub_identity.reading import Reader
from hub_identity.rows import WaitingAct
from hub_identity.store import Store, Waiting
from hub_kit.clock import Clock
from hub_kit.db import DATABASE_ERRORS, Connection, Pool
from hub_kit.messaging.model import Emit
from hub_kit.messaging.outbox import Outbox, Settlement
from hub_kit.security.sealed import Sealer
from hub_kit.telemetry import logs

log = logs.get_logger("hub.identity")
LOCALS_AT_ONCE = 50
ACTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Leaving:
    """What happens to the acts judged in one go."""

    released: list[tuple[WaitingAct, Accepted]] = field(default_factory=list)
    staying: list[tuple[Waiting, Refused]] = field(default_factory=list)


@dataclass(slots=True)
class WaitingRoom:
    """The loop. `wake_relay` tells the relay that the outbox has news."""

    pool: Pool
    clock: Clock
    store: Store
    reader: Reader
    outbox: Outbox
    sealer: Sealer
    wake_relay: Callable[[], None]
    send_for: timedelta
    poll_seconds: float
    _woken: set[bytes] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _sweep_at: float = 0.0
    _stopping: bool = False

    def wake(self, locals_: Iterable[bytes]) -> None:
        """These local numbers have news, once the transaction that says so has ended."""
        self._woken.update(locals_)
        self._news.set()

    def stop(self) -> None:
        """End at the next turn."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Until stopped: the woken local numbers at once, all others and the expired acts at the slow poll."""
        while not self._stopping:
            try:
                busy = await self.turn()
            except Exception as error:
                log.warning("waiting_room.interrupted", exc_info=error)
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self.poll_seconds)

    async def turn(self) -> bool:
        """One round; True when there may be more to do at once."""
        self._news.clear()
        woken = list(self._woken)[:LOCALS_AT_ONCE]
        more = bool(woken) and await self.release(woken) >= ACTS_AT_ONCE
        if not more:  # those whose acts were not all judged stay woken
            self._woken.difference_update(woken)
        if self.clock.monotonic() >= self._sweep_at:
            swept = await self.release() + await self.expire()
            if not swept:
                self._sweep_at = self.clock.monotonic() + self.poll_seconds
            more = more or swept > 0
        return more or bool(self._woken)

    async def release(self, woken: Sequence[bytes] = ()) -> int:
        """Judge the acts of these local numbers (of any that have news, when none is given); how many were judged.

        What can't be judged is set apart by itself, so that one broken act holds nobody else up.
        """
        tried: list[bytes] = []
        try:
            judged = await self._release(woken, tried)
        except DATABASE_ERRORS:
            raise  # the database's trouble is everybody's: again later
        except Exception as error:
            judged = 0
            for local in tried:
                judged += await self._release_alone(local, error if len(tried) == 1 else None)
        if judged:
            self.wake_relay()
        return judged

    async def _release(self, woken: Sequence[bytes], tried: list[bytes]) -> int:
        now = self.clock.now()
        await self.sealer.ready(now)
        async with self.pool.acquire() as connection, connection.transaction():
            if woken:
                tried += woken
                await self.store.lock(connection, tried)
            else:
                candidates = await self.store.releasable_locals(connection, LOCALS_AT_ONCE)
                tried += await self.store.try_lock(connection, candidates) if candidates else []
            if not tried:
                return 0
            waiting = await self.store.releasable(connection, tried, ACTS_AT_ONCE)
            if waiting:
                await self._settle(connection, await self._judge(connection, waiting), now)
        return len(waiting)

    async def _release_alone(self, local: bytes, known: Exception | None) -> int:
        """The acts of one local number; if that fails too they are blocked until another identity is declared."""
        error = known
        if error is None:
            try:
                return await self._release([local], [])
            except DATABASE_ERRORS:
                raise
            except Exception as again:
                error = again
        now = self.clock.now()
        async with self.pool.acquire() as connection, connection.transaction():
            await self.store.lock(connection, [local])
            stuck = await self.store.set_apart(connection, local, ErrorCode.HANDLER_FAILED)
            settlement = Settlement()
            for row in stuck:
                settlement.emitted.append((Emit(_blocked(row)), row["event_id"], row["traceparent"]))
            await self.outbox.settle(connection, settlement, now)
        log.error("waiting_room.acts_blocked", exc_info=error, count=len(stuck))
        return len(stuck)

    async def _judge(self, connection: Connection, waiting: Sequence[Waiting]) -> Leaving:
        readings = {w.row.act_id: self.reader.read(w.row.act.patient, w.row.structure_id) for w in waiting}
        matricules = [r.matricule_index for r in readings.values() if r.matricule_index is not None]
        book = await self.store.book(connection, matricules, [w.row.local_index for w in waiting])
        leaving = Leaving()
        for item in waiting:
            reading = readings[item.row.act_id]
            known = book.known(reading, UUID(int=0))
            verdict = judge_waiting(reading, known)
            if isinstance(verdict, Accepted):
                leaving.released.append((item.row, verdict))
            else:
                leaving.staying.append((item, verdict))
        return leaving

    async def _settle(self, connection: Connection, leaving: Leaving, now: datetime) -> None:
        await self.store.release(connection, [row.act_id for row, _ in leaving.released])
        await self.store.keep_waiting(
            connection, [(w.row.act_id, w.revision, refused.code.value) for w, refused in leaving.staying]
        )
        settlement = Settlement()
        for row, accepted in leaving.released:
            identified = _identified(row, accepted, now + self.send_for)
            seal = {"sealed_act": row.act, "sealed_identity": accepted.identity}
            settlement.emitted.append((Emit(identified, seal=seal), row.event_id, row.traceparent))
        for item, refused in leaving.staying:
            if not item.told or item.row.code != refused.code:
                settlement.emitted.append((Emit(_awaiting(item.row, refused)), item.row.event_id, item.row.traceparent))
        await self.outbox.settle(connection, settlement, now)

    async def expire(self) -> int:
        """Refuse the acts whose wait is over; how many."""
        now = self.clock.now()
        async with self.pool.acquire() as connection, connection.transaction():
            gone = await self.store.expire(connection, now, ACTS_AT_ONCE)
            if gone:
                settlement = Settlement()
                for row in gone:
                    settlement.emitted.append((Emit(_expired(row)), row["event_id"], row["traceparent"]))
                await self.outbox.settle(connection, settlement, now)
        if gone:
            self.wake_relay()
        return len(gone)


def _expired(row: Any) -> ActRefused:
    return ActRefused(
        act_id=row["act_id"],
        version=row["act_version"],
        structure_id=row["structure_id"],
        flow=Flow(row["flow"]),
        stage=Stage.IDENTITY,
        code=ErrorCode.IDENTITY_WAIT_EXPIRED,
        problems=_reasons(row["code"]),
    )


def _blocked(row: Any) -> ActBlocked:
    return ActBlocked(
        act_id=row["act_id"],
        version=row["act_version"],
        structure_id=row["structure_id"],
        flow=Flow(row["flow"]),
        stage=Stage.IDENTITY,
        code=ErrorCode.HANDLER_FAILED,
    )


def _reasons(code: str | None) -> tuple[Problem, ...]:
    if code is None:
        return ()
    return (Problem(code=code, pointer="/patient", text=ErrorCode(code).text),)


def _identified(row: WaitingAct, accepted: Accepted, expires_at: datetime) -> ActIdentified:
    return ActIdentified(
        act_id=row.act_id,
        version=row.act_version,
        structure_id=row.structure_id,
        flow=Flow(row.flow),
        patient_id=accepted.patient_id,
        act_type=row.act_type,
        author_id=row.author_id,
        occurred_at=row.occurred_at,
        expires_at=expires_at,
        sealed_act="",
        sealed_identity="",
    )


def _awaiting(row: WaitingAct, refused: Refused) -> ActAwaitingIdentity:
    return ActAwaitingIdentity(
        act_id=row.act_id,
        version=row.act_version,
        structure_id=row.structure_id,
        flow=Flow(row.flow),
        code=refused.code,
        problems=refused.problems,
        expires_at=row.wait_until,
    )
