"""The purge: bytes of documents whose act has been final long enough go, and their keys with them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from hub_document_builder.store import Store
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.telemetry import logs

log = logs.get_logger("hub.document-builder")
AT_ONCE = 200


@dataclass(slots=True)
class Purge:
    """The loop; several replicas may run it."""

    pool: Pool
    clock: Clock
    store: Store
    poll_seconds: float
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """End at the next turn."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            try:
                purged = await self.turn()
            except Exception as error:
                log.warning("purge.interrupted", exc_info=error)
                purged = 0
            if purged < AT_ONCE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self.poll_seconds)

    async def turn(self) -> int:
        """Purge what is due; how many documents."""
        async with self.pool.acquire() as connection, connection.transaction():
            gone = await self.store.purge(connection, self.clock.now(), AT_ONCE)
        if gone:
            log.info("purge.done", count=len(gone))
        return len(gone)
