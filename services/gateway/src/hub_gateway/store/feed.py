"""The dense feed of an account, and who waits for news of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from hub_gateway.store import QUERIES
from hub_kit.db import Connection, Pool
from hub_kit.telemetry import logs

log = logs.get_logger("hub.gateway")
SLOW_POLL_SECONDS = 1.0
AFTER_NUDGE_SECONDS = (0.02, 0.08, 0.3)


async def read(connection: Connection, account_id: UUID, after: int, limit: int) -> list[dict[str, Any]]:
    """Entries after that number, in order."""
    return [dict(row) for row in await connection.fetch(QUERIES.read_feed, account_id, after, limit)]


class Heads:
    """Wakes the requests that wait for a feed to grow.

    One query a second asks for all waiting accounts together, whoever wrote; a nudge (this process is about to commit
    news, or just has) asks again at once and a few times more. A waiting request costs a future and nothing else.
    """

    def __init__(self, pool: Pool, limit: int) -> None:
        self._pool = pool
        self._limit = limit
        self._waiting: dict[UUID, dict[asyncio.Future[int], int]] = {}
        self._count = 0
        self._nudge = asyncio.Event()
        self._stopping = False

    @property
    def full(self) -> bool:
        """No more requests may wait."""
        return self._count >= self._limit

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._count

    def nudge(self, accounts: Iterable[UUID]) -> None:
        """These accounts have news, or will have once a transaction of this process commits."""
        if not self._waiting.keys().isdisjoint(accounts):
            self._nudge.set()

    def stop(self) -> None:
        """End, and let all who wait go."""
        self._stopping = True
        self._nudge.set()
        self._release(lambda _account: None)

    async def beyond(self, account_id: UUID, after: int, seconds: float, stopping: asyncio.Event | None) -> int | None:
        """The feed's head once it is past `after`; None when `seconds` went by first or the server stops."""
        if self._stopping:
            return None
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, {})[future] = after
        self._count += 1
        self._nudge.set()
        stop = asyncio.ensure_future(stopping.wait()) if stopping is not None else None
        try:
            waits: set[asyncio.Future[Any]] = {future} if stop is None else {future, stop}
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return future.result() if future.done() and not future.cancelled() else None
        finally:
            if stop is not None:
                stop.cancel()
            self._leave(account_id, future)

    async def run(self) -> None:
        """Until stopped."""
        pauses: list[float] = []
        while not self._stopping:
            if self._nudge.is_set():
                self._nudge.clear()
                pauses = list(AFTER_NUDGE_SECONDS)
            if self._waiting:
                await self._look()
            if pauses and self._waiting:
                await asyncio.sleep(pauses.pop(0))
            else:
                await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._nudge.wait(), SLOW_POLL_SECONDS)
        except TimeoutError:
            return

    async def _look(self) -> None:
        try:
            rows = await self._pool.fetch(QUERIES.feed_heads, list(self._waiting))
        except Exception as error:
            log.warning("feed.not_read", exc_info=error)
            return
        heads = {row["account_id"]: int(row["feed_seq"]) for row in rows}
        self._release(heads.get)

    def _release(self, head_of: Callable[[UUID], int | None]) -> None:
        for account_id, futures in self._waiting.items():
            head = head_of(account_id)
            for future, after in futures.items():
                if future.done():
                    continue
                if self._stopping:
                    future.cancel()
                elif head is not None and head > after:
                    future.set_result(head)

    def _leave(self, account_id: UUID, future: asyncio.Future[int]) -> None:
        futures = self._waiting.get(account_id, {})
        if futures.pop(future, None) is not None:
            self._count -= 1
        if not futures:
            self._waiting.pop(account_id, None)
