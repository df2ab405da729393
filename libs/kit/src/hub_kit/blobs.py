"""The blobstore: documents kept encrypted in the owner's schema, each under its own content key (design rule 12)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events.document import ContentRef
from hub_kit.db import Connection, load_queries
from hub_kit.errors import HubError
from hub_kit.security.aead import Box, Undecipherable, new_key
from hub_kit.security.keywrap import KeyWrapper

_Q = load_queries("hub_kit.security")
SHA256_HEADER = "x-content-sha256"
_THREAD_FROM_BYTES = 512 * 1024
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewBlob:
    """Bytes to keep under an id made by the caller (UUIDv7)."""

    id: UUID
    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """Bytes read back, with their reference."""

    ref: ContentRef
    content: bytes = field(repr=False)


class BlobDamaged(Exception):
    """The stored bytes do not decrypt or do not have their hash any more."""

    code = "BLOB_DAMAGED"


def content_ref(blob: NewBlob) -> ContentRef:
    """The reference that events carry: id, hashes (hex), size in bytes, media type."""
    return ContentRef(
        id=blob.id,
        sha256=hashlib.sha256(blob.content).hexdigest(),
        sha1=hashlib.sha1(blob.content, usedforsecurity=False).hexdigest(),
        size=len(blob.content),
        media_type=blob.media_type,
    )


def blob_headers(ref: ContentRef) -> dict[str, str]:
    """The headers under which bytes travel between services: media type and SHA-256 (hex)."""
    return {"content-type": ref.media_type, SHA256_HEADER: ref.sha256}


class BlobStore:
    """Functions over the tables `blob` and `content_key` on the caller's connection, inside its transaction."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    async def put_many(
        self, conn: Connection, blobs: Sequence[NewBlob], now: datetime, purge_at: datetime | None = None
    ) -> list[ContentRef]:
        """Keep the blobs (one statement) and return their references, in order.

        Raises asyncpg.UniqueViolationError when an id is already taken: bytes are never replaced.
        """
        if not blobs:
            return []
        encrypted = await maybe_in_thread(sum(len(blob.content) for blob in blobs), self._encrypt_all, blobs)
        refs = [ref for ref, *_ in encrypted]
        await conn.execute(
            _Q.blob_put,
            [ref.id for ref in refs],
            [wrapped for _, wrapped, _, _ in encrypted],
            [bytes.fromhex(ref.sha256) for ref in refs],
            [bytes.fromhex(ref.sha1) for ref in refs],
            [ref.size for ref in refs],
            [ref.media_type for ref in refs],
            [nonce for _, _, nonce, _ in encrypted],
            [ciphertext for _, _, _, ciphertext in encrypted],
            now,
            purge_at,
        )
        return refs

    async def get(self, conn: Connection, blob_id: UUID) -> StoredBlob:
        """The bytes, checked against their hash.

        Raises HubError DOCUMENT_GONE when there is no such blob or it was purged, BlobDamaged when they don't match.
        """
        row = await conn.fetchrow(_Q.blob_get, blob_id)
        if row is None or row["ciphertext"] is None or row["wrapped"] is None:
            raise HubError(ErrorCode.DOCUMENT_GONE)
        ref = ContentRef(
            id=row["id"],
            sha256=row["sha256"].hex(),
            sha1=row["sha1"].hex(),
            size=row["size"],
            media_type=row["media_type"],
        )
        content = await maybe_in_thread(ref.size, self._decrypt, ref, row["wrapped"], row["nonce"], row["ciphertext"])
        return StoredBlob(ref, content)

    async def schedule_purge(self, conn: Connection, blob_ids: Iterable[UUID], at: datetime) -> None:
        """Say when these blobs' bytes may go (the act final + 7 days)."""
        await conn.execute(_Q.blob_schedule_purge, list(blob_ids), at)

    async def purge(self, conn: Connection, now: datetime, limit: int = 500) -> list[UUID]:
        """Remove bytes and key of at most `limit` blobs that are due, and return their ids; id, hash and size stay."""
        rows = await conn.fetch(_Q.blob_purge, now, limit)
        return [row["id"] for row in rows]

    def _encrypt_all(self, blobs: Sequence[NewBlob]) -> list[tuple[ContentRef, bytes, bytes, bytes]]:
        return [self._encrypt(blob) for blob in blobs]

    def _encrypt(self, blob: NewBlob) -> tuple[ContentRef, bytes, bytes, bytes]:
        key = new_key()
        nonce, ciphertext = Box(key).encrypt(blob.content, _bound(blob.id))
        return content_ref(blob), self._wrapper.wrap(key, _context(blob.id)), nonce, ciphertext

    def _decrypt(self, ref: ContentRef, wrapped: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
        try:
            key = self._wrapper.unwrap(wrapped, _context(ref.id))
            content = Box(key).decrypt(nonce, ciphertext, _bound(ref.id))
        except Undecipherable:
            raise BlobDamaged(f"blob {ref.id} does not decrypt") from None
        if hashlib.sha256(content).hexdigest() != ref.sha256:
            raise BlobDamaged(f"blob {ref.id} does not have its hash")
        return content


async def maybe_in_thread(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work` off the event loop when it is about a large content; for work that lets other threads run."""
    if size < _THREAD_FROM_BYTES:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


def _context(blob_id: UUID) -> str:
    return f"content:{blob_id}"


def _bound(blob_id: UUID) -> bytes:
    return b"hub-blob:" + blob_id.bytes
