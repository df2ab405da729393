"""Dead items given another try, by a person who says why. Offsets are never reset (design rule 18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.events.operations import DeadItemsReplayed
from hub_kit.db import Connection
from hub_kit.messaging.model import Emit
from hub_kit.messaging.outbox import QUERIES, Outbox


@dataclass(frozen=True, slots=True)
class DeadItem:
    """A dead item without its content."""

    event_id: UUID
    handler: str
    key: str
    lane: str
    type: str
    last_code: str | None
    attempts: int
    dead_at: datetime


async def find_dead(
    connection: Connection, *, ids: Sequence[UUID] | None = None, code: str | None = None, since: datetime | None = None
) -> list[DeadItem]:
    """Dead items, oldest first; criteria not given match all."""
    rows = await connection.fetch(QUERIES.select_dead, None if ids is None else list(ids), code, since)
    return [DeadItem(**dict(row)) for row in rows]


async def replay_dead(
    connection: Connection,
    outbox: Outbox,
    items: Sequence[DeadItem],
    *,
    replay_id: UUID,
    who: str,
    why: str,
    now: datetime,
) -> int:
    """Make the items ready again and tell audit who did it and why; how many there were."""
    async with connection.transaction():
        revived = [r["event_id"] for r in await connection.fetch(QUERIES.revive_dead, [i.event_id for i in items])]
        if revived:
            event = DeadItemsReplayed(replay_id=replay_id, event_ids=tuple(revived), who=who, why=why, replayed_at=now)
            await outbox.emit(connection, [Emit(event)], now)
    return len(revived)
