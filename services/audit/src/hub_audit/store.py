"""All SQL of audit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hub_audit.canonical import canonical
from hub_audit.domain import Fact
from hub_kit.db import Connection, load_queries
from hub_kit.security.aead import Box, new_key
from hub_kit.security.subject_keys import SubjectKeyGone, SubjectKeys

QUERIES = load_queries("hub_audit")


@dataclass(frozen=True, slots=True)
class Search:
    """A query of an auditor: a period is always given, other criteria are optional."""

    since: datetime
    until: datetime
    patient_id: UUID | None = None
    act_id: UUID | None = None
    actor_id: str | None = None
    structure_id: UUID | None = None
    class_: str | None = None
    action: str | None = None
    outcome: str | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How complete a source is: every number up to `complete_to` has come."""

    source: str
    complete_to: int
    highest: int
    moved_at: datetime


class Records:
    """Writes and finds audit records."""

    def __init__(self, subject_keys: SubjectKeys) -> None:
        self._keys = subject_keys

    async def write(self, connection: Connection, facts: Sequence[Fact], now: datetime) -> None:
        """Keep the facts; one told before is left as it is."""
        boxes = await self._boxes(connection, {f.patient_id for f in facts if f.patient_id is not None}, now)
        rows = [_row(f, now, boxes[f.patient_id] if f.patient_id else None) for f in facts]
        await connection.execute(QUERIES.record, *[list(column) for column in zip(*rows, strict=True)])

    async def find(self, connection: Connection, search: Search, limit: int) -> tuple[list[Any], dict[UUID, Box]]:
        """At most `limit` rows, newest first, and the keys that open the bodies of their patients.

        A patient's records include those of the acts tied to them. Runs in the caller's transaction.
        """
        # the criteria given decide the plan: a plan made for all of them would read whole partitions
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        acts = await self._acts_of(connection, search)
        rows = await connection.fetch(
            QUERIES.find, search.since, search.until, search.patient_id, search.act_id, search.actor_id,
            search.structure_id, search.class_, search.action, search.outcome, search.before, acts, limit,
        )  # fmt: skip
        patients = {row["patient_id"] for row in rows if row["patient_id"] is not None}
        return list(rows), await self._keys.get_many(connection, patients)

    async def _acts_of(self, connection: Connection, search: Search) -> list[UUID]:
        if search.patient_id is None:
            return []
        rows = await connection.fetch(QUERIES.acts_of_patient, search.patient_id, search.since, search.until)
        return [row["act_id"] for row in rows]

    async def _boxes(self, connection: Connection, patients: set[UUID], now: datetime) -> dict[UUID, Box]:
        if not patients:
            return {}
        wanted = sorted(patients)
        try:
            return await self._keys.create(connection, wanted, now)
        except SubjectKeyGone:
            # an erased patient is heard of again: the fact stays countable, its body unreadable from the first moment
            found = await self._keys.get_many(connection, wanted)
            return {patient: found.get(patient) or Box(new_key()) for patient in wanted}


async def maintain(connection: Connection, today: date) -> None:
    """The partitions of this month and the next exist."""
    await connection.execute(QUERIES.maintain, today)


async def note_numbers(connection: Connection, numbers: Sequence[tuple[str, int]], now: datetime) -> None:
    """Numbers of each source that have come (design rule 16)."""
    if not numbers:
        return
    await connection.execute(QUERIES.note_numbers, [s for s, _ in numbers], [n for _, n in numbers], now)
    await connection.execute(QUERIES.advance, sorted({s for s, _ in numbers}), now)


async def progress(connection: Connection) -> list[Progress]:
    """How complete each source is."""
    return [Progress(**dict(row)) for row in await connection.fetch(QUERIES.progress)]


def _row(fact: Fact, now: datetime, box: Box | None) -> tuple[object, ...]:
    f = fact
    data = canonical(f.event_id, now, f.body, secrets.token_bytes(16), box)
    return (
        f.event_id, now, f.occurred_at, f.class_, f.action, f.outcome, f.source, f.structure_id, f.actor_id,
        f.patient_id, f.act_id, f.code, f.reason, data,
    )  # fmt: skip
