"""Small background tasks of every service."""

from __future__ import annotations

import asyncio

from hub_kit.clock import Clock
from hub_kit.security.keyring import TransitKeys
from hub_kit.service import Resources
from hub_kit.telemetry import logs

log = logs.get_logger("hub.kit")
REFRESH_SECONDS = 30.0
KEY_EXPIRY_SECONDS = 6 * 3600.0


async def load_directory(resources: Resources) -> None:
    """The directory as the table has it, into memory."""
    await resources.directory.refresh(resources.pool)


class KeyExpiry:
    """Destroys transit keys past their time, a few times a day: that is how topics forget (design rule 11)."""

    def __init__(self, keys: TransitKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            try:
                destroyed = await self._keys.destroy_expired(self._clock.now())
                if destroyed:
                    log.info("keyring.destroyed", days=[day.isoformat() for day in destroyed])
            except Exception as error:
                log.warning("keyring.not_destroyed", exc_info=error)
            await _wait(self._stopping, KEY_EXPIRY_SECONDS)


class DirectoryRefresher:
    """Reads the directory anew now and then: another replica may have consumed what this one has in memory."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            await _wait(self._stopping, REFRESH_SECONDS)
            try:
                await load_directory(self._resources)
            except Exception as error:
                log.warning("directory.not_refreshed", exc_info=error)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
