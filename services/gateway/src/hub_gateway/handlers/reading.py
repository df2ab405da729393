"""What an LGO reads: an act with its history, its acts, its feed. Each act shown leaves an access trace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_gateway.handlers.desk import Desk, Visitor
from hub_gateway.store import acts, declarations, feed, requests
from hub_gateway.store.acts import ActFilter
from hub_kit.errors import HubError

Row = dict[str, Any]

GATHER_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's side of the desk."""

    desk: Desk

    async def act(self, visitor: Visitor, act_id: UUID) -> tuple[Row, list[Row]]:
        """The act and its history, oldest first. Raises HubError ACT_NOT_FOUND."""
        now = self.desk.clock.now()
        async with self.desk.transaction() as connection:
            await requests.begin_reading(connection, visitor.structures)
            found = await acts.view(connection, visitor.account_id, act_id)
            if found is None:
                raise HubError(ErrorCode.ACT_NOT_FOUND)
            await self.desk.trace_reading(connection, visitor, [(act_id, found[0]["structure_id"])], now)
        self.desk.wake_relay()
        return found

    async def acts(self, visitor: Visitor, wanted: ActFilter, limit: int) -> list[Row]:
        """Acts of the account, the newest first."""
        now = self.desk.clock.now()
        async with self.desk.transaction() as connection:
            await requests.begin_reading(connection, visitor.structures)
            rows = await acts.find(connection, visitor.account_id, wanted, limit)
            await self._trace(connection, visitor, rows, now)
        if rows:
            self.desk.wake_relay()
        return rows

    async def news(
        self, visitor: Visitor, after: int, limit: int, wait: float, stopping: asyncio.Event | None
    ) -> tuple[list[Row], int]:
        """Feed entries after `after`, and the number to ask after next time; waits up to `wait` seconds for the first.

        Raises HubError SERVICE_UNAVAILABLE when too many requests wait already.
        """
        clock = self.desk.clock
        deadline = clock.monotonic() + wait
        while wait > 0:
            if self.desk.heads.full:
                raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers={"retry-after": "10"})
            left = deadline - clock.monotonic()
            head = await self.desk.heads.beyond(visitor.account_id, after, left, stopping)
            if head is None:
                return [], after
            if head - after < limit:  # news seldom come alone: one answer and one trace for several
                await clock.sleep(GATHER_SECONDS)
            rows = await self._read_feed(visitor, after, limit)
            if rows:
                return rows, rows[-1]["feed_seq"]
            after = head  # what came belongs to structures this account no longer serves
        rows = await self._read_feed(visitor, after, limit)
        return rows, rows[-1]["feed_seq"] if rows else after

    async def declaration(self, visitor: Visitor, declaration_id: UUID) -> Row:
        """The follow-up of a declaration. Raises HubError DECLARATION_NOT_FOUND."""
        async with self.desk.transaction() as connection:
            await requests.begin_reading(connection, visitor.structures)
            row = await declarations.read(connection, visitor.account_id, declaration_id)
        if row is None:
            raise HubError(ErrorCode.DECLARATION_NOT_FOUND)
        return row

    async def _read_feed(self, visitor: Visitor, after: int, limit: int) -> list[Row]:
        now = self.desk.clock.now()
        async with self.desk.transaction() as connection:
            await requests.begin_reading(connection, visitor.structures)
            rows = await feed.read(connection, visitor.account_id, after, limit)
            await self._trace(connection, visitor, rows, now)
        if rows:
            self.desk.wake_relay()
        return rows

    async def _trace(self, connection: Any, visitor: Visitor, rows: list[Row], now: datetime) -> None:
        await self.desk.trace_reading(connection, visitor, ((r["act_id"], r["structure_id"]) for r in rows), now)
