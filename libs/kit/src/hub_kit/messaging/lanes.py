"""Pausing a lane: nobody works for that structure until the cause is put right (design rule 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub_kit.db import Connection
from hub_kit.messaging.outbox import QUERIES


@dataclass(frozen=True, slots=True)
class PausedLane:
    """A paused lane: the structure's id, a reason (an error code or an operator's words), who, when."""

    lane: str
    reason: str
    paused_by: str
    paused_at: datetime


async def pause(connection: Connection, lane: str, reason: str, by: str, now: datetime) -> None:
    """Stop claiming work of `lane`, at once; a lane paused already keeps its first reason."""
    await connection.execute(QUERIES.pause_lane, lane, reason, by, now)


async def resume(connection: Connection, lane: str) -> None:
    """Claim work of `lane` again."""
    await connection.execute(QUERIES.resume_lane, lane)


async def paused(connection: Connection) -> list[PausedLane]:
    """All paused lanes, the oldest first."""
    return [PausedLane(**dict(row)) for row in await connection.fetch(QUERIES.paused_lanes)]
