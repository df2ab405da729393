"""Effects become rows: one statement finishes the work and fills the outbox (design rule 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from hub_contracts.errors import ErrorCode
from hub_kit.db import Connection, load_queries
from hub_kit.messaging.model import Effects, Emit, Work
from hub_kit.security.sealed import seal_place

QUERIES = load_queries("hub_kit.messaging")


class Seals(Protocol):
    """What emitting needs of the sealer: today's key is at hand."""

    def seal(self, model: BaseModel, aad: str) -> str:
        """The sealed part."""


class NothingSealed:
    """For those who send only events without sealed parts (commands)."""

    def seal(self, _model: BaseModel, _aad: str) -> str:
        """Never called: sealing here is a mistake of the program."""
        raise AssertionError("nothing to seal here")


class LeaseLost(Exception):
    """Some item of the batch is no longer ours: its lease ended, somebody else has it. Nothing was written."""


@dataclass(slots=True)
class Settlement:
    """What a batch ends with. Items are named by (event id, lease id)."""

    finished: list[tuple[UUID, UUID | None]] = field(default_factory=list)
    postponed: list[tuple[UUID, UUID | None, datetime, int, str]] = field(default_factory=list)
    dead: list[tuple[UUID, UUID | None, str, int]] = field(default_factory=list)
    emitted: list[tuple[Emit, UUID | None, str | None]] = field(default_factory=list)

    def add(self, work: Work[Any], effects: Effects[Any]) -> None:
        """The item is finished, or waits, and its events go out."""
        if effects.retry is None:
            self.finished.append((work.id, work.lease_id))
        else:
            attempts = work.attempts + (1 if effects.retry.counts else 0)
            self.postponed.append((work.id, work.lease_id, effects.retry.when, attempts, effects.retry.code.value))
        for emit in effects.emit:
            self.emitted.append((emit, work.id, work.envelope.traceparent))

    def bury(self, work: Work[Any], code: ErrorCode, blocked: Emit | None) -> None:
        """The item is dead; its act is told so."""
        self.dead.append((work.id, work.lease_id, code.value, work.attempts + 1))
        if blocked is not None:
            self.emitted.append((blocked, work.id, work.envelope.traceparent))


class Outbox:
    """Writes settlements and lone events for one service. `stream` is where its events go unless they say otherwise."""

    def __init__(self, *, stream: str, seals: Seals, new_id: Callable[[], UUID], topic_prefix: str = "") -> None:
        self._stream = stream
        self._seals = seals
        self._new_id = new_id
        self._prefix = topic_prefix

    async def settle(self, connection: Connection, settlement: Settlement, now: datetime) -> None:
        """Write it, inside the caller's transaction. Raises LeaseLost when an item was taken over meanwhile."""
        expected = len(settlement.finished) + len(settlement.postponed) + len(settlement.dead)
        row = await connection.fetchrow(
            QUERIES.settle, *_work_columns(settlement, now), *self._event_columns(settlement)
        )
        if row is None or row["settled"] != expected:
            raise LeaseLost

    async def emit(
        self, connection: Connection, events: Sequence[Emit], now: datetime, traceparent: str | None = None
    ) -> None:
        """Send events that no work item caused (an HTTP request, a command), inside the caller's transaction."""
        settlement = Settlement(emitted=[(event, None, traceparent) for event in events])
        await self.settle(connection, settlement, now)

    def _event_columns(self, settlement: Settlement) -> list[list[Any]]:
        columns: list[list[Any]] = [[] for _ in range(10)]
        for emit, cause, traceparent in settlement.emitted:
            event = emit.event
            if emit.seal:
                sealed = {
                    name: self._seals.seal(model, seal_place(name, event.key)) for name, model in emit.seal.items()
                }
                event = event.model_copy(update=sealed)
            row = (
                self._new_id(),
                self._prefix + (emit.stream or self._stream),
                event.key,
                event.event_type,
                event.act_version,
                event.lane or "-",
                getattr(event, "flow", emit.flow),
                cause,
                traceparent,
                event.model_dump_json(by_alias=True).encode(),
            )
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        return columns


def _work_columns(settlement: Settlement, now: datetime) -> tuple[Any, ...]:
    finished, postponed, dead = settlement.finished, settlement.postponed, settlement.dead
    return (
        [f[0] for f in finished],
        [f[1] for f in finished],
        [p[0] for p in postponed],
        [p[1] for p in postponed],
        [p[2] for p in postponed],
        [p[3] for p in postponed],
        [p[4] for p in postponed],
        [d[0] for d in dead],
        [d[1] for d in dead],
        [d[2] for d in dead],
        now,
        [d[3] for d in dead],
    )
