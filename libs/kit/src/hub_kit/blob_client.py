"""Bytes that another service keeps, over the hub's internal mutual TLS (design rules 1 and 12)."""

from __future__ import annotations

import hashlib
import ssl
from uuid import UUID

import aiohttp

from hub_contracts.errors import ErrorCode
from hub_contracts.events.document import ContentRef
from hub_kit.blobs import SHA256_HEADER
from hub_kit.messaging.model import Fatal
from hub_kit.web.client import Session

_CHUNK = 64 * 1024


class BlobGone(Exception):
    """The owner does not keep these bytes any more, or never had them."""


class BlobUnavailable(Exception):
    """The owner did not give the bytes this time."""


class BlobClient:
    """Reads the blobs under one address (`https://…/internal/documents`); safe to repeat."""

    def __init__(self, address: str, context: ssl.SSLContext, seconds: float) -> None:
        self._address = address.rstrip("/")
        self._context = context
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session = Session(16)

    async def read(self, ref: ContentRef) -> bytes:
        """The bytes that `ref` names, checked against its size and SHA-256.

        Raises BlobGone, BlobUnavailable; Fatal when the bytes are not those of the event (they must never leave).
        """
        content, _digest = await self._get(ref.id, ref.size)
        if len(content) != ref.size or hashlib.sha256(content).hexdigest() != ref.sha256:
            raise Fatal(ErrorCode.HANDLER_FAILED)
        return content

    async def read_named(self, blob_id: UUID, max_bytes: int) -> bytes:
        """The bytes under that id, checked against the SHA-256 that their owner tells; cut short past `max_bytes`.

        Raises BlobGone, BlobUnavailable; Fatal when they don't have that SHA-256.
        """
        content, digest = await self._get(blob_id, max_bytes)
        if len(content) <= max_bytes and hashlib.sha256(content).hexdigest() != digest:
            raise Fatal(ErrorCode.HANDLER_FAILED)
        return content

    async def _get(self, blob_id: UUID, expected: int) -> tuple[bytes, str]:
        try:
            async with self._session.opened().get(
                f"{self._address}/{blob_id}", ssl=self._context, allow_redirects=False, timeout=self._timeout
            ) as answer:
                if answer.status in (404, 410):
                    raise BlobGone
                if answer.status != 200:
                    raise BlobUnavailable
                content = bytearray()
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > expected:
                        break
                return bytes(content), answer.headers.get(SHA256_HEADER, "")
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise BlobUnavailable from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
