"""HTTP towards the hub's other services: one session per client, opened at its first use."""

from __future__ import annotations

import aiohttp

IDLE_SECONDS = 30.0


class Session:
    """Keeps its connections between calls; no cookie is ever taken."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    def opened(self) -> aiohttp.ClientSession:
        """The session; call from the event loop that uses it."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
