"""All SQL of identity's patients and waiting room. What identifies a patient goes in and comes out sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.sealed import QualifiedIdentity
from hub_identity.blind_index import lock_number
from hub_identity.domain import Book, Kept
from hub_identity.rows import Link, NewPatient, Overtaken, WaitingAct
from hub_kit.db import Connection, load_queries
from hub_kit.security.aead import Box, new_key
from hub_kit.security.keywrap import KeyWrapper
from hub_kit.security.subject_keys import SubjectKeyGone, SubjectKeys

QUERIES = load_queries("hub_identity")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act taken out of the waiting room to be judged; `revision` is the one of the link it has now."""

    row: WaitingAct
    told: bool
    revision: UUID


class Store:
    """Identity's tables. Every method runs on the caller's connection, inside its transaction."""

    def __init__(self, keys: KeyWrapper) -> None:
        self._keys = keys
        self._subjects = SubjectKeys(keys)

    async def lock(self, connection: Connection, indexes: Iterable[bytes]) -> None:
        """Nobody else reads or changes these patients and local numbers until the transaction ends."""
        await connection.execute(QUERIES.lock, [lock_number(index) for index in set(indexes)])

    async def try_lock(self, connection: Connection, indexes: Iterable[bytes]) -> list[bytes]:
        """Lock those that nobody holds, and return them."""
        numbers = {lock_number(index): index for index in indexes}
        return [numbers[row["number"]] for row in await connection.fetch(QUERIES.try_lock, list(numbers))]

    async def book(self, connection: Connection, matricules: Iterable[bytes], locals_: Iterable[bytes]) -> Book:
        """What is known of these. Raises Undecipherable or SubjectKeyGone when an identity does not open."""
        wanted = list(set(locals_))
        by_matricule = await connection.fetch(QUERIES.by_matricule, list(set(matricules)))
        by_local = await connection.fetch(QUERIES.by_local, wanted)
        waiting = await connection.fetch(QUERIES.waiting_locals, wanted)
        kept = await self._kept(connection, [*by_matricule, *by_local])
        return Book(
            {r["matricule_index"]: kept[r["patient_id"]] for r in by_matricule},
            {r["local_index"]: (kept[r["patient_id"]], r["revision"]) for r in by_local},
            {r["local_index"] for r in waiting},
        )

    async def _kept(self, connection: Connection, rows: Sequence[Any]) -> dict[UUID, Kept]:
        sealed = {row["patient_id"]: row for row in rows}
        if not sealed:
            return {}
        boxes = await self._subjects.get_many(connection, sealed)
        if len(boxes) != len(sealed):
            raise SubjectKeyGone("the key of a patient whose identity is linked was erased")
        return {
            patient_id: Kept(
                patient_id,
                row["matricule_index"],
                QualifiedIdentity.model_validate_json(
                    boxes[patient_id].unpack(row["sealed"], _identity_place(patient_id))
                ),
            )
            for patient_id, row in sealed.items()
        }

    async def add_patients(self, connection: Connection, rows: Sequence[NewPatient]) -> None:
        """Keep patients never seen: subject key, pseudonym, matricule, identity."""
        if not rows:
            return
        boxes = await self._subjects.create(connection, [row.patient_id for row in rows], rows[0].at)
        sealed = [
            boxes[row.patient_id].pack(row.identity.model_dump_json().encode(), _identity_place(row.patient_id))
            for row in rows
        ]
        await connection.execute(
            QUERIES.add_patients,
            [row.patient_id for row in rows],
            [row.matricule_index for row in rows],
            sealed,
            [row.structure_id for row in rows],
            [row.event_id for row in rows],
            [row.at for row in rows],
        )

    async def add_links(self, connection: Connection, rows: Sequence[Link]) -> None:
        """Link local numbers; the last row of each counts."""
        latest = list({row.local_index: row for row in rows}.values())
        if not latest:
            return
        columns: list[list[object]] = [
            [row.local_index for row in latest],
            [row.structure_id for row in latest],
            [row.patient_id for row in latest],
            [row.revision for row in latest],
            [row.event_id for row in latest],
            [row.at for row in latest],
        ]
        await connection.execute(QUERIES.touch_links, *columns)
        await connection.execute(QUERIES.add_links, *columns)

    async def add_waiting(self, connection: Connection, rows: Sequence[WaitingAct]) -> None:
        """Let acts wait, each under a key of its own; an older version of an act gives up its place to the newer."""
        latest = list({row.act_id: row for row in sorted(rows, key=lambda r: r.act_version)}.values())
        latest.sort(key=lambda r: rows.index(r))
        if not latest:
            return
        columns = [list(column) for column in zip(*map(self._waiting_columns, latest), strict=True)]
        await connection.execute(QUERIES.add_waiting, *columns)

    def _waiting_columns(self, row: WaitingAct) -> tuple[object, ...]:
        key = new_key()
        place = _waiting_place(row.act_id, row.act_version)
        return (
            row.act_id, row.act_version, row.event_id, row.structure_id, row.local_index, row.act_type, row.author_id,
            row.occurred_at, row.received_at, row.flow, row.traceparent, row.code, row.told, row.checked_revision,
            row.waiting_since, row.wait_until, self._keys.wrap(key, place),
            Box(key).pack(row.act.model_dump_json().encode(), place.encode()),
        )  # fmt: skip

    async def drop_overtaken(self, connection: Connection, rows: Sequence[Overtaken]) -> None:
        """Older versions of these acts wait no more."""
        if rows:
            await connection.execute(
                QUERIES.drop_overtaken, [row.act_id for row in rows], [row.act_version for row in rows]
            )

    async def releasable_locals(self, connection: Connection, limit: int) -> list[bytes]:
        """Local numbers with an act that has not been judged against the link they have now."""
        return [row["local_index"] for row in await connection.fetch(QUERIES.releasable_locals, limit)]

    async def releasable(self, connection: Connection, locals_: Sequence[bytes], limit: int) -> list[Waiting]:
        """Those acts, in the order of their reception."""
        rows = await connection.fetch(QUERIES.releasable, locals_, limit)
        return [self._waiting(row) for row in rows]

    def _waiting(self, row: Any) -> Waiting:
        place = _waiting_place(row["act_id"], row["act_version"])
        content = Box(self._keys.unwrap(row["content_key"], place)).unpack(row["sealed"], place.encode())
        names = set(WaitingAct.__slots__) - {"act"}
        act = WaitingAct(**{name: row[name] for name in names}, act=Act.model_validate_json(content))
        return Waiting(act, row["told"], row["revision"])

    async def release(self, connection: Connection, act_ids: Sequence[UUID]) -> None:
        """These acts wait no more: their content and its key go with the row."""
        if act_ids:
            await connection.execute(QUERIES.release, act_ids)

    async def keep_waiting(self, connection: Connection, rows: Sequence[tuple[UUID, UUID, str]]) -> None:
        """(act, revision it was judged against, why it still waits)."""
        if rows:
            await connection.execute(QUERIES.keep_waiting, *(list(column) for column in zip(*rows, strict=True)))

    async def set_apart(self, connection: Connection, local: bytes, code: ErrorCode) -> list[Any]:
        """Acts of that local number that can't be judged: not tried again until its link changes. Their rows."""
        return list(await connection.fetch(QUERIES.set_apart, local, code.value))

    async def expire(self, connection: Connection, now: datetime, limit: int) -> list[Any]:
        """Take out the acts whose wait is over; at most `limit`."""
        return list(await connection.fetch(QUERIES.expire, now, limit))


async def waiting_summary(connection: Connection) -> list[dict[str, Any]]:
    """How many acts wait, since when, by reason."""
    return [dict(row) for row in await connection.fetch(QUERIES.waiting_summary)]


def _identity_place(patient_id: UUID) -> bytes:
    return b"hub-identity:" + patient_id.bytes


def _waiting_place(act_id: UUID, act_version: int) -> str:
    return f"waiting:{act_id}:{act_version}"
