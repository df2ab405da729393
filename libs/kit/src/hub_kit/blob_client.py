"""document-builder's bytes, over the hub's internal mutual TLS (design rule 12)."""

from __future__ import annotations

import hashlib
import ssl

import aiohttp

from hub_contracts.errors import ErrorCode
from hub_contracts.events.document import ContentRef
from hub_kit.messaging.model import Fatal

_MARGIN = 1024


class DocumentGone(Exception):
    """document-builder does not keep these bytes any more."""


class BytesUnavailable(Exception):
    """document-builder did not give the bytes this time."""


class DocumentBytes:
    """Reads documents by reference; safe to repeat."""

    def __init__(self, url: str, context: ssl.SSLContext, seconds: float) -> None:
        self._url = url.rstrip("/")
        self._context = context
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def read(self, ref: ContentRef) -> bytes:
        """The bytes that `ref` names, checked against its size and SHA-256.

        Raises DocumentGone, BytesUnavailable; Fatal when the bytes are not those of the event (they must never leave).
        """
        try:
            async with self._opened().get(
                f"{self._url}/internal/documents/{ref.id}", ssl=self._context, allow_redirects=False,
                timeout=self._timeout,
            ) as answer:  # fmt: skip
                if answer.status in (404, 410):
                    raise DocumentGone
                if answer.status != 200:
                    raise BytesUnavailable
                content = await answer.content.read(ref.size + _MARGIN)
                while chunk := await answer.content.read(_MARGIN):
                    content += chunk
                    if len(content) > ref.size:
                        break
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise BytesUnavailable from None
        if len(content) != ref.size or hashlib.sha256(content).hexdigest() != ref.sha256:
            raise Fatal(ErrorCode.HANDLER_FAILED)
        return content

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=16, keepalive_timeout=30), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
