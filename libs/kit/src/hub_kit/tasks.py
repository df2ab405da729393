"""Small background tasks of every service."""

from __future__ import annotations

import asyncio

from hub_kit.service import Resources
from hub_kit.telemetry import logs

log = logs.get_logger("hub.kit")
REFRESH_SECONDS = 30.0


async def load_directory(resources: Resources) -> None:
    """The directory as the table has it, into memory."""
    await resources.directory.refresh(resources.pool)


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
            try:
                await asyncio.wait_for(self._stopping.wait(), REFRESH_SECONDS)
            except TimeoutError:
                try:
                    await load_directory(self._resources)
                except Exception as error:
                    log.warning("directory.not_refreshed", exc_info=error)
