"""The end of an act: its document's bytes may go some days later (design rule 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.events import ActRefused
from hub_contracts.events.publication import PublicationConfirmed
from hub_document_builder.store import EndedRow, Store
from hub_kit.db import Connection
from hub_kit.messaging.model import Effects, Work

Final = PublicationConfirmed | ActRefused


@dataclass(frozen=True, slots=True)
class Endings:
    """An act is final: the bytes of its document go some days later (design rule 12)."""

    store: Store
    keep: timedelta

    async def load(self, _connection: Connection, works: Sequence[Work[Final]]) -> Mapping[UUID, None]:
        """Nothing is needed."""
        return {w.id: None for w in works}

    def decide(self, work: Work[Final], _state: None, now: datetime) -> Effects[EndedRow]:
        """The act's versions up to this one are done with."""
        return Effects(rows=(EndedRow(work.event.act_id, work.event.version, now),))

    async def apply(self, connection: Connection, effects: Sequence[Effects[EndedRow]]) -> None:
        """Date the purge."""
        await self.store.end(connection, [row for e in effects for row in e.rows], self.keep)
