"""Audit hears everything and writes it down; it has no work items, its primary key is the event's id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from hub_audit import store
from hub_audit.canonical import read
from hub_audit.domain import Fact, fact_of
from hub_audit.store import Records, Search
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import EVENT_TYPES
from hub_kit.clock import Clock
from hub_kit.db import Connection, Pool
from hub_kit.messaging.consumer import Taken
from hub_kit.security.aead import Undecipherable
from hub_kit.tasks import repeat
from hub_kit.telemetry import logs

log = logs.get_logger("hub.audit")
GAP_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Recorder:
    """The sink of every topic; what is of an unknown type is a fact too, and its number counts (design rule 16)."""

    records: Records
    hears_unknown: bool = True

    async def __call__(self, connection: Connection, events: Sequence[Taken], now: datetime) -> None:
        """One record for every fact, and the numbers heard."""
        facts: dict[UUID, Fact] = {}
        for taken in events:
            facts.setdefault(taken.envelope.id, _fact(taken))
        if facts:
            await self.records.write(connection, list(facts.values()), now)
        numbers = [(t.envelope.source, n) for t in events if (n := t.envelope.producer_seq) is not None]
        await store.note_numbers(connection, numbers, now)


def _fact(taken: Taken) -> Fact:
    envelope = taken.envelope
    model = EVENT_TYPES.get(envelope.type)
    if model is None:
        return _unreadable(envelope, ErrorCode.EVENT_TYPE_UNKNOWN)
    try:
        return fact_of(envelope, model.parse(envelope.data))
    except ValidationError:
        return _unreadable(envelope, ErrorCode.ENVELOPE_UNREADABLE)


def _unreadable(envelope: Envelope, code: ErrorCode) -> Fact:
    log.warning("audit.unreadable_event", event_id=str(envelope.id), type=envelope.type, code=code.value)
    return Fact(
        envelope.id, envelope.time, "technical", "event.read", "unreadable", envelope.source, None, None, None,
        None, code.value, None, {"type": envelope.type, "producer_seq": envelope.producer_seq},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Auditor:
    """Who asks, as their token says, and why."""

    subject: str
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Answers auditors. The question is on record before its answer is given."""

    pool: Pool
    clock: Clock
    records: Records

    async def ask(self, auditor: Auditor, search: Search, limit: int, question_id: UUID) -> list[dict[str, Any]]:
        """The records found, newest first, as dictionaries; `body` is None where the patient's key is erased."""
        now = self.clock.now()
        question = Fact(
            question_id, now, "access", "audit.query", "done", "audit", search.structure_id, auditor.subject,
            search.patient_id, search.act_id, None, auditor.reason,
            {"client_id": auditor.client_id, "criteria": _criteria(search)},
        )  # fmt: skip
        async with self.pool.acquire() as connection, connection.transaction():
            await self.records.write(connection, [question], now)
            rows, boxes = await self.records.find(connection, search, limit)
        found = []
        for row in rows:
            try:
                body = read(row["canonical"], boxes.get(row["patient_id"])).body
            except Undecipherable:
                body = None
            found.append({**dict(row), "body": body})
        return found


def _criteria(search: Search) -> dict[str, str]:
    names = ("since", "until", "patient_id", "act_id", "actor_id", "structure_id", "class_", "action", "outcome")
    return {name: str(value) for name in names if (value := getattr(search, name)) is not None}


@dataclass(slots=True)
class Calendar:
    """Keeps the partitions of this month and the next."""

    pool: Pool
    clock: Clock
    _stopping: asyncio.Event

    async def run(self) -> None:
        """Until stopped, once an hour."""
        await repeat(self._turn, every=3600, stopping=self._stopping, log=log, failed="audit.calendar_interrupted")

    async def _turn(self) -> None:
        async with self.pool.acquire() as connection:
            await store.maintain(connection, self.clock.now().date())

    def stop(self) -> None:
        """End."""
        self._stopping.set()


async def completeness(pool: Pool, clock: Clock) -> str | None:
    """A sentence when a source's numbers have a gap for longer than a minute, else None (design rule 16)."""
    async with pool.acquire() as connection:
        states = await store.progress(connection)
    now = clock.now()
    gaps = [s.source for s in states if s.highest > s.complete_to and now - s.moved_at > GAP_GRACE]
    return f"events missing from: {', '.join(gaps)}" if gaps else None
