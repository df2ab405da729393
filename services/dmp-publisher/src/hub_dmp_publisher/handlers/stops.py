"""Oppositions become the stop list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from hub_contracts.events.consent import OppositionLifted, OppositionRecorded
from hub_dmp_publisher import store
from hub_dmp_publisher.store import StopRow
from hub_kit.db import Connection
from hub_kit.messaging.model import Effects, Work

Heard = OppositionRecorded | OppositionLifted


class Stops:
    """A patient opposes feeding or lifts it: read again just before a document leaves (design rule 9)."""

    async def load(self, _connection: Connection, works: Sequence[Work[Heard]]) -> Mapping[UUID, None]:
        """Nothing is needed: the table keeps the highest revision by itself."""
        return {work.id: None for work in works}

    def decide(self, work: Work[Heard], _state: None, _now: datetime) -> Effects[StopRow]:
        """The patient's stand."""
        event = work.event
        opposed = isinstance(event, OppositionRecorded)
        return Effects(rows=(StopRow(event.patient_id, opposed, event.revision, event.recorded_at),))

    async def apply(self, connection: Connection, effects: Sequence[Effects[StopRow]]) -> None:
        """Keep the stands."""
        await store.save_stops(connection, [row for e in effects for row in e.rows])
