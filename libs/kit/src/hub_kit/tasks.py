"""Small background tasks of every service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

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


async def repeat(
    work: Callable[[], Awaitable[object]], *, every: float, stopping: asyncio.Event, log: logs.Logger, failed: str
) -> None:
    """Do `work` now and every `every` seconds until `stopping`. What it raises is logged as `failed`, then it is done
    again at its next time."""
    while not stopping.is_set():
        try:
            await work()
        except Exception as error:
            log.warning(failed, exc_info=error)
        await _wait(stopping, every)


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
        await repeat(
            self._turn, every=KEY_EXPIRY_SECONDS, stopping=self._stopping, log=log, failed="keyring.not_destroyed"
        )

    async def _turn(self) -> None:
        destroyed = await self._keys.destroy_expired(self._clock.now())
        if destroyed:
            log.info("keyring.destroyed", days=[day.isoformat() for day in destroyed])


class DirectoryRefresher:
    """Reads the directory anew now and then: another replica may have consumed what this one has in memory."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped; the start has just read it."""
        await _wait(self._stopping, REFRESH_SECONDS)
        await repeat(
            partial(load_directory, self._resources), every=REFRESH_SECONDS, stopping=self._stopping, log=log,
            failed="directory.not_refreshed",
        )  # fmt: skip


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
