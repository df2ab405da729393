"""Claiming work: round the lanes, live before backlog, one item per aggregate at a time (design rules 6 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from hub_contracts.envelope import Envelope
from hub_contracts.events import Event
from hub_kit.clock import Clock
from hub_kit.db import Connection
from hub_kit.messaging.model import FLOW_BACKLOG, FLOW_LIVE, Work
from hub_kit.messaging.outbox import QUERIES

BACKLOG_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed row. `event` is None when its data can't be read; `superseded` when a newer act version is known."""

    envelope: Envelope
    event: Event | None
    attempts: int
    arrived_at: datetime
    superseded: bool

    def work(self, lease_id: UUID | None = None) -> Work[Any]:
        """As the handler sees it."""
        if self.event is None:
            raise ValueError("an unreadable event is never handled")
        return Work(self.event, self.envelope, self.attempts, self.arrived_at, lease_id)


class Claimer:
    """Chooses the next items of one handler; remembers the lane it stopped at."""

    def __init__(self, handler: str, models: dict[str, type[Event]], clock: Clock) -> None:
        self._handler = handler
        self._models = models
        self._clock = clock
        self._cursor = {FLOW_LIVE: "", FLOW_BACKLOG: ""}
        self._backlog_due = 0.0

    async def claim(self, connection: Connection, limit: int, per_lane: int) -> list[Claimed]:
        """At most `limit` items, locked in the caller's transaction; backlog only where live work leaves room."""
        rows = list(await self._claim_flow(connection, FLOW_LIVE, limit, per_lane))
        if len(rows) < limit and self._clock.monotonic() >= self._backlog_due:
            backlog = await self._claim_flow(connection, FLOW_BACKLOG, limit - len(rows), per_lane)
            if not backlog:  # usually there is none: don't ask at every claim
                self._backlog_due = self._clock.monotonic() + BACKLOG_EVERY_SECONDS
            rows += backlog
        return [self._claimed(row) for row in rows]

    async def claim_one(self, connection: Connection, event_id: UUID) -> Claimed | None:
        """That item alone, None when it is gone or held by another."""
        row = await connection.fetchrow(QUERIES.lock_one, event_id)
        return None if row is None else self._claimed(row)

    async def _claim_flow(self, connection: Connection, flow: int, limit: int, per_lane: int) -> Sequence[Any]:
        start = self._cursor[flow]
        rows = await connection.fetch(QUERIES.claim_local, self._handler, flow, start, limit, per_lane, limit)
        if not rows and start:
            rows = await connection.fetch(QUERIES.claim_local, self._handler, flow, "", limit, per_lane, limit)
        # a full answer goes on from its last lane, a short one has been all round
        self._cursor[flow] = rows[-1]["lane"] if len(rows) == limit else ""
        return rows

    def _claimed(self, row: Any) -> Claimed:
        envelope = Envelope(
            id=row["event_id"],
            type=row["type"],
            source=row["source"],
            time=row["time"],
            key=row["key"],
            data=row["data"],
            sequence=row["sequence"],
            act_version=row["act_version"],
            lane=row["lane"],
            flow="live" if row["flow"] == FLOW_LIVE else "backlog",
            causation_id=row["causation_id"],
            traceparent=row["traceparent"],
        )
        try:
            event: Event | None = self._models[envelope.type].parse(envelope.data)
        except (ValidationError, KeyError):
            event = None
        superseded = 0 < envelope.act_version < row["known_version"]
        return Claimed(envelope, event, row["attempts"], row["arrived_at"], superseded)
