"""Transit keys: one AES-256 key per UTC day, which every service uses for the sealed parts of its events.

They live, wrapped, in the `hub_keyring` database (the one database that services share). Destroying a day's key makes
every topic, backup and dead item forget what was sealed that day (design rule 11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta

from hub_kit.db import Connection, load_queries
from hub_kit.security.aead import Box, Undecipherable, new_key
from hub_kit.security.keywrap import KeyWrapper

TOPIC_RETENTION_DAYS = 7
_Q = load_queries("hub_kit.security")

Acquire = Callable[[], AbstractAsyncContextManager[Connection]]
"""How a connection is obtained: `pool.acquire`."""


def day_of(moment: datetime) -> date:
    """The UTC day of an aware datetime."""
    return moment.astimezone(UTC).date()


class TransitKeys:
    """The keyring, with the keys already met kept in memory."""

    def __init__(self, acquire: Acquire, wrapper: KeyWrapper, retention_days: int = TOPIC_RETENTION_DAYS) -> None:
        self._acquire = acquire
        self._wrapper = wrapper
        self._retention_days = retention_days
        self._boxes: dict[date, Box] = {}

    def cached(self, day: date) -> Box | None:
        """The key of `day` if this process holds it."""
        return self._boxes.get(day)

    async def box_of(self, now: datetime) -> Box:
        """The key of the present day, made if nobody has yet: all processes get the same one.

        Raises asyncpg and OS errors when the keyring can't be reached, Undecipherable when the KEK is another.
        """
        day = day_of(now)
        self._forget_before(self._oldest(day))
        box = self._boxes.get(day)
        if box is None:
            async with self._acquire() as conn:
                found = await self._fetch(conn, [day])
                if day not in found:
                    wrapped = self._wrapper.wrap(new_key(), _context(day))
                    await conn.execute(_Q.transit_create, day, wrapped, now)
                    found = await self._fetch(conn, [day])
            box = found[day]
        return box

    async def boxes(self, days: Iterable[date]) -> dict[date, Box]:
        """The keys of those days that still exist, fetched together; destroyed ones are absent."""
        wanted = set(days)
        missing = sorted(wanted - self._boxes.keys())
        if missing:
            async with self._acquire() as conn:
                await self._fetch(conn, missing)
        return {day: self._boxes[day] for day in wanted if day in self._boxes}

    async def destroy_expired(self, now: datetime) -> list[date]:
        """Destroy the keys older than topic retention + 1 day and return their days."""
        today = day_of(now)
        async with self._acquire() as conn:
            rows = await conn.fetch(_Q.transit_destroy, today, self._retention_days + 1)
        self._forget_before(self._oldest(today))
        return sorted(row["day"] for row in rows)

    def _oldest(self, today: date) -> date:
        return today - timedelta(days=self._retention_days + 1)

    def _forget_before(self, oldest: date) -> None:
        for day in [day for day in self._boxes if day < oldest]:
            del self._boxes[day]

    async def _fetch(self, conn: Connection, days: list[date]) -> dict[date, Box]:
        found = {}
        for row in await conn.fetch(_Q.transit_get, days):
            try:
                found[row["day"]] = Box(self._wrapper.unwrap(row["wrapped"], _context(row["day"])))
            except Undecipherable:
                raise Undecipherable(
                    f"transit key of {row['day']}: wrapped by another KEK than this service's"
                ) from None
        self._boxes.update(found)
        return found


def _context(day: date) -> str:
    return f"transit:{day.isoformat()}"
