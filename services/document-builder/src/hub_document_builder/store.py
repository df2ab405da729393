"""All SQL of document-builder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub_contracts.events.document import ContentRef
from hub_contracts.sealed import SealedEntry
from hub_kit.blobs import BlobStore, NewBlob, StoredBlob
from hub_kit.db import Connection, load_queries
from hub_kit.security.aead import Box, new_key
from hub_kit.security.keywrap import KeyWrapper

QUERIES = load_queries("hub_document_builder")


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document to keep, bytes and entry in clear: they are encrypted on their way in."""

    act_id: UUID
    act_version: int
    structure_id: UUID
    patient_id: UUID
    unique_id: str
    set_id: str
    document_type: str
    rules_checked: tuple[str, ...]
    built_at: datetime
    blob: NewBlob
    entry: SealedEntry


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document built before. `entry` is None once it was purged."""

    content: ContentRef
    unique_id: str
    document_type: str
    rules_checked: tuple[str, ...]
    entry: SealedEntry | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndedRow:
    """An act that came to its end."""

    act_id: UUID
    act_version: int
    at: datetime


class Store:
    """Document-builder's tables; every method runs on the caller's connection."""

    def __init__(self, keys: KeyWrapper) -> None:
        self._keys = keys
        self._blobs = BlobStore(keys)

    async def documents(
        self, connection: Connection, versions: Sequence[tuple[UUID, int]]
    ) -> dict[tuple[UUID, int], KeptDocument]:
        """Documents built before for these (act, version)."""
        rows = await connection.fetch(QUERIES.documents, [v[0] for v in versions], [v[1] for v in versions])
        return {(row["act_id"], row["act_version"]): self._kept(row) for row in rows}

    def _kept(self, row: Any) -> KeptDocument:
        ref = ContentRef(
            id=row["content_id"],
            sha256=row["sha256"].hex(),
            sha1=row["sha1"].hex(),
            size=row["size"],
            media_type=row["media_type"],
        )
        entry = None
        if row["entry"] is not None:
            place = _place(ref.id)
            plain = Box(self._keys.unwrap(row["entry_key"], place)).unpack(row["entry"], place.encode())
            entry = SealedEntry.model_validate_json(plain)
        return KeptDocument(ref, row["unique_id"], row["document_type"], tuple(row["rules_checked"]), entry)

    async def save(self, connection: Connection, rows: Sequence[DocumentRow]) -> None:
        """Keep bytes and rows; one statement each. Raises asyncpg.UniqueViolationError: nothing is ever replaced."""
        if not rows:
            return
        await self._blobs.put_many(connection, [row.blob for row in rows], rows[0].built_at)
        columns = [list(column) for column in zip(*map(self._columns, rows), strict=True)]
        await connection.execute(QUERIES.save_documents, *columns)

    def _columns(self, row: DocumentRow) -> tuple[object, ...]:
        key, place = new_key(), _place(row.blob.id)
        return (
            row.act_id, row.act_version, row.blob.id, row.structure_id, row.patient_id, row.unique_id, row.set_id,
            row.document_type, " ".join(row.rules_checked), row.built_at, self._keys.wrap(key, place),
            Box(key).pack(row.entry.model_dump_json().encode(), place.encode()),
        )  # fmt: skip

    async def end(self, connection: Connection, rows: Sequence[EndedRow], keep: timedelta) -> None:
        """These acts are final: their bytes may go after `keep`."""
        if not rows:
            return
        at = max(row.at for row in rows)
        ended = await connection.fetch(
            QUERIES.end_documents, [row.act_id for row in rows], [row.act_version for row in rows], at
        )
        if ended:
            await self._blobs.schedule_purge(connection, [row["content_id"] for row in ended], at + keep)

    async def content(self, connection: Connection, content_id: UUID) -> StoredBlob:
        """The bytes. Raises HubError DOCUMENT_GONE, BlobDamaged."""
        return await self._blobs.get(connection, content_id)

    async def purge(self, connection: Connection, now: datetime, limit: int) -> list[UUID]:
        """Remove bytes, entries and keys of at most `limit` documents that are due; id, hash and size stay."""
        gone = await self._blobs.purge(connection, now, limit)
        if gone:
            await connection.execute(QUERIES.forget_entries, gone)
        return gone


async def counts(connection: Connection) -> dict[str, int]:
    """How many documents, how many whose act is not final, how many purged."""
    row = await connection.fetchrow(QUERIES.counts)
    assert row is not None
    return dict(row)


def _place(content_id: UUID) -> str:
    return f"entry:{content_id}"
