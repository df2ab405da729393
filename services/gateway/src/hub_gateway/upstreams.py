"""document-builder's preview, over the hub's internal mutual TLS."""

from __future__ import annotations

import ssl
from uuid import UUID

import aiohttp

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_kit.errors import HubError
from hub_kit.web.client import Session

_RETRY = {"retry-after": "5"}


class PreviewClient:
    """Asks what a patient would see of an act. One per process; nothing is kept on either side."""

    def __init__(self, builder_url: str | None, context: ssl.SSLContext | None, seconds: float) -> None:
        self._address = f"{builder_url.rstrip('/')}/internal/preview" if builder_url else None
        self._context = context
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session = Session(8)

    async def preview(self, structure_id: UUID, act: Act) -> bytes:
        """The preview as JSON. Raises HubError SERVICE_UNAVAILABLE when document-builder does not answer."""
        if self._address is None or self._context is None:
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE)
        body = b'{"structure_id":"' + str(structure_id).encode() + b'","act":' + act.model_dump_json().encode() + b"}"
        try:
            async with self._session.opened().post(
                self._address,
                data=body,
                headers={"content-type": "application/json"},
                ssl=self._context,
                allow_redirects=False,
                timeout=self._timeout,
            ) as answer:
                if answer.status != 200:
                    raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers=_RETRY)
                return await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers=_RETRY) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
