"""A small imaginary service on the kit: it counts what it hears, in a table, and says so."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, Event
from hub_contracts.events.publication import PublicationPostponed
from hub_contracts.states import Stage
from hub_kit.clock import ManualClock
from hub_kit.db import open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.memory import MemoryBroker
from hub_kit.messaging.model import Effects, Emit, Local, Route, Work
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.runner import Bench
from hub_kit.telemetry.metrics import Metrics

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
STREAM = "hub.publication"


class NoSeals:
    """These events have no sealed part."""

    def seal(self, _model: object, _aad: str) -> str:
        raise AssertionError("nothing to seal here")


async def _nothing() -> None:
    return None


def event(act_id: UUID | None = None, *, version: int = 1, structure: UUID | None = None) -> PublicationPostponed:
    """An event about an act."""
    return PublicationPostponed(
        act_id=act_id or uuid4(),
        version=version,
        structure_id=structure or UUID(int=1),
        patient_id=UUID(int=9),
        document_unique_id="2.25.1",
        code=ErrorCode.DMP_UNREACHABLE,
        next_try_at=START,
    )


def envelope(of: Event, *, sequence: int = 1, flow: str = "live", at: datetime = START) -> Envelope:
    """As the relay would make it."""
    return Envelope(
        id=uuid7(at), type=of.event_type, source="test", time=at, key=of.key, data=of.model_dump_json().encode(),
        sequence=sequence, act_version=of.act_version, lane=of.lane, flow=flow,
    )  # fmt: skip


@dataclass
class Counting:
    """load / decide / apply of the imaginary service. `trouble` makes decide raise for some acts."""

    trouble: dict[UUID, Exception] = field(default_factory=dict)

    async def load(self, connection: Any, works: Sequence[Work[ActEvent]]) -> dict[UUID, int]:
        rows = await connection.fetch(
            "select act_id, count(*) as n from heard where act_id = any($1) group by act_id",
            [w.event.act_id for w in works],
        )
        counts = {row["act_id"]: row["n"] for row in rows}
        return {w.id: counts.get(w.event.act_id, 0) for w in works}

    def decide(self, work: Work[ActEvent], state: int, now: datetime) -> Effects[tuple[UUID, UUID, int]]:
        if (error := self.trouble.get(work.event.act_id)) is not None:
            raise error
        return Effects(emit=(Emit(work.event),), rows=((work.id, work.event.act_id, state + 1),))

    async def apply(self, connection: Any, effects: Sequence[Effects[tuple[UUID, UUID, int]]]) -> None:
        await connection.executemany(
            "insert into heard (event_id, act_id, number) values ($1, $2, $3)", [r for e in effects for r in e.rows]
        )


@dataclass
class Service:
    """The parts of a running service, driven by hand."""

    pool: Any
    dsn: str
    clock: ManualClock
    metrics: Metrics
    outbox: Outbox
    bench: Bench
    counting: Counting
    broker: MemoryBroker
    wakes: list[Any] = field(default_factory=list)

    @property
    def handler(self) -> Local[Any, Any, Any]:
        c = self.counting
        return Local("count", c.load, c.decide, c.apply)

    @property
    def routes(self) -> list[Route]:
        return [Route(STREAM, PublicationPostponed, self.handler)]

    async def take_in(self, envelopes: Sequence[Envelope], routes: Sequence[Route] | None = None) -> None:
        inbox = WorkInbox(routes or self.routes, self.wakes.append)
        taken = [Taken(e, Record(STREAM, 0, i, e.key.encode(), e.headers(), e.data)) for i, e in enumerate(envelopes)]
        async with self.pool.acquire() as connection, connection.transaction():
            await inbox(connection, taken, self.clock.now())
        inbox.after_commit()

    async def heard(self) -> list[tuple[UUID, int]]:
        rows = await self.pool.fetch("select act_id, number from heard order by id")
        return [(r["act_id"], r["number"]) for r in rows]

    async def count(self, table: str, where: str = "true") -> int:
        return int(await self.pool.fetchval(f"select count(*) from {table} where {where}"))


@pytest.fixture
async def service(service_db: Any) -> AsyncIterator[Service]:
    connection = await asyncpg.connect(service_db.dsn)
    await connection.execute(
        "create table heard (id bigint generated always as identity, event_id uuid unique, act_id uuid, number int)"
    )
    await connection.execute("select maintain_seen_event($1, 14)", START.date())
    await connection.close()
    pool = await open_pool(service_db.dsn, size=6, name="test")
    clock, metrics = ManualClock(START), Metrics(process=False)
    outbox = Outbox(stream=STREAM, seals=NoSeals(), new_id=lambda: uuid7(clock))
    bench = Bench(
        pool, outbox, clock, Stage.PUBLICATION, lambda: None, lambda: uuid7(clock), _nothing, metrics, random.Random(7)
    )
    yield Service(pool, service_db.dsn, clock, metrics, outbox, bench, Counting(), MemoryBroker())
    await pool.close()
