"""Acts and their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from hub_contracts.events import Problem
from hub_contracts.states import ActState
from hub_gateway.domain.progress import Position, Standing
from hub_gateway.store import QUERIES
from hub_kit.db import Connection

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewAct:
    """One act to receive, in the order of the statement's columns."""

    act_id: UUID
    structure_id: UUID
    external_id: str
    act_version: int
    act_type: str
    flow: str
    author_id: str
    occurred_at: datetime
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class KnownAct:
    """An act received before, as far as telling a repeat from a reuse needs."""

    act_id: UUID
    content_digest: bytes
    state: str


@dataclass(frozen=True, slots=True)
class ActStanding:
    """Whose act it is and where it stands."""

    account_id: UUID
    structure_id: UUID
    standing: Standing


@dataclass(frozen=True, slots=True)
class Stuck:
    """An act about which we gave up on an event."""

    act_id: UUID
    act_version: int
    code: str
    dead_at: datetime


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """One event of the road, in the order of the statement's columns."""

    act_id: UUID
    act_version: int
    account_id: UUID
    structure_id: UUID
    event_id: UUID | None
    event_type: str
    at: datetime
    state: str
    code: str | None
    problems: str | None
    next_at: datetime | None
    applied: bool
    told: bool
    final: bool
    rank: int
    sequence: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ActFilter:
    """What a list asks for. `before` is the last act of the page before; `since` is included, `until` is not."""

    structures: tuple[UUID, ...]
    state: str | None = None
    external_id: str | None = None
    since: datetime | None = None
    since_id: UUID | None = None
    until: datetime | None = None
    until_id: UUID | None = None
    before: UUID | None = None


def dump_problems(problems: Sequence[Problem]) -> str | None:
    """Problems as the table keeps them; None when there are none."""
    return json.dumps([p.model_dump() for p in problems], ensure_ascii=False) if problems else None


def load_problems(text: str | None) -> list[dict[str, Any]]:
    """Problems as the API shows them."""
    return list(orjson.loads(text)) if text else []


async def receive(connection: Connection, account_id: UUID, acts: Sequence[NewAct], now: datetime) -> set[UUID]:
    """Keep the acts whose external_id is new, with history and feed; one statement. Returns the ids kept."""
    columns = [list(column) for column in zip(*map(_new_act_values, acts), strict=True)]
    return {row["act_id"] for row in await connection.fetch(QUERIES.receive_acts, *columns, account_id, now)}


async def by_external_id(
    connection: Connection, account_id: UUID, keys: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], KnownAct]:
    """Acts already known of the account, by (structure, external_id)."""
    wanted = list(keys)
    rows = await connection.fetch(
        QUERIES.acts_by_external_id, account_id, [key[0] for key in wanted], [key[1] for key in wanted]
    )
    return {(r["structure_id"], r["external_id"]): KnownAct(r["act_id"], r["content_digest"], r["state"]) for r in rows}


async def lock(connection: Connection, act_ids: Iterable[UUID]) -> dict[UUID, ActStanding]:
    """Where these acts stand, locked in the caller's transaction in the order of their ids."""
    rows = await connection.fetch(QUERIES.lock_acts, list(set(act_ids)))
    return {
        r["act_id"]: ActStanding(
            r["account_id"],
            r["structure_id"],
            Standing(
                ActState(r["state"]),
                r["code"],
                r["changed_at"],
                Position(r["stands_version"], r["stands_final"], r["stands_rank"], r["stands_sequence"]),
            ),
        )
        for r in rows
    }


async def follow_up(connection: Connection, rows: Sequence[FollowUpRow]) -> None:
    """State, history and feed of a batch; one statement."""
    if rows:
        await connection.execute(QUERIES.follow_up, *(list(c) for c in zip(*map(_follow_up_values, rows), strict=True)))


async def stuck(connection: Connection, handler: str, limit: int) -> list[Stuck]:
    """Acts that have not ended and whose news died in this service, not shown as blocked yet."""
    rows = await connection.fetch(QUERIES.stuck_acts, handler, limit)
    return [Stuck(r["act_id"], r["act_version"], r["code"], r["dead_at"]) for r in rows]


async def view(connection: Connection, account_id: UUID, act_id: UUID) -> tuple[Row, list[Row]] | None:
    """An act and its history, oldest first; None when the account has no such act (or may not see it)."""
    act = await connection.fetchrow(QUERIES.act_view, act_id, account_id)
    if act is None:
        return None
    return dict(act), [dict(row) for row in await connection.fetch(QUERIES.act_history, act_id, account_id)]


async def find(connection: Connection, account_id: UUID, wanted: ActFilter, limit: int) -> list[Row]:
    """Acts of the account, the newest first."""
    structures, *others = _filter_values(wanted)
    return [
        dict(row) for row in await connection.fetch(QUERIES.list_acts, account_id, list(structures), *others, limit)
    ]


_new_act_values = attrgetter(*NewAct.__slots__)
_follow_up_values = attrgetter(*FollowUpRow.__slots__)
_filter_values = attrgetter(*ActFilter.__slots__)
