"""The token issuers' key sets over HTTPS."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 256 * 1024


class IssuerClient:
    """Fetches JWKS. `ca_file`: PEM of the issuers' authority; the system's when None."""

    def __init__(self, ca_file: Path | None) -> None:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
        self._client = httpx.AsyncClient(verify=context, timeout=TIMEOUT_SECONDS, follow_redirects=False)

    async def fetch(self, url: str) -> bytes:
        """The body of a 200 answer. Raises httpx.HTTPError, ValueError when it is larger than 256 KiB."""
        answer = await self._client.get(url, headers={"accept": "application/json"})
        answer.raise_for_status()
        if len(answer.content) > MAX_BYTES:
            raise ValueError("key set too large")
        return answer.content

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
