"""consent-registry refuses to renew an authorisation: the publication that waited for it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from hub_contracts.events import ActRefused
from hub_dmp_publisher import store
from hub_dmp_publisher.domain import Status
from hub_dmp_publisher.store import EndedRow
from hub_kit.db import Connection
from hub_kit.messaging.model import Effects, Work


class Endings:
    """The refusal was told by who refused; here the row becomes final and forgets the patient's entry."""

    async def load(self, _connection: Connection, works: Sequence[Work[ActRefused]]) -> Mapping[UUID, None]:
        """Nothing is needed: only a publication that waits for a renewal is ended."""
        return {work.id: None for work in works}

    def decide(self, work: Work[ActRefused], _state: None, now: datetime) -> Effects[EndedRow]:
        """The end that the refusal is."""
        event = work.event
        status = Status.EXCLUDED if event.excluded else Status.REFUSED
        return Effects(rows=(EndedRow(event.act_id, event.version, status.value, event.code.value, now),))

    async def apply(self, connection: Connection, effects: Sequence[Effects[EndedRow]]) -> None:
        """End those that waited."""
        await store.end_waiting(connection, [row for e in effects for row in e.rows])
