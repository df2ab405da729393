"""Files deposited for acts: whose they are, which acts use them, when they may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub_gateway.store import QUERIES
from hub_kit.db import Connection


async def keep(connection: Connection, account_id: UUID, attachments: Sequence[UUID], now: datetime) -> None:
    """These blobs are the account's files."""
    await connection.execute(QUERIES.keep_attachments, list(attachments), account_id, now)


async def own(connection: Connection, account_id: UUID, attachments: Iterable[UUID]) -> set[UUID]:
    """Which of these files the account has and the hub still keeps."""
    rows = await connection.fetch(QUERIES.own_attachments, account_id, list(attachments))
    return {row["attachment_id"] for row in rows}


async def use(connection: Connection, uses: Sequence[tuple[UUID, UUID]]) -> int:
    """These (act, file) belong together: the files stay until the acts are final. How many files were still there."""
    done = await connection.execute(QUERIES.use_attachments, [u[0] for u in uses], [u[1] for u in uses])
    return int(done.rsplit(" ", 1)[1])


async def release(connection: Connection, kept: timedelta) -> None:
    """Files all of whose acts are final may go `kept` after the last of them ended; in the caller's transaction.

    They are locked first and looked at again: an act may have taken one up meanwhile.
    """
    rows = await connection.fetch(QUERIES.lock_released_attachments)
    if rows:
        await connection.execute(QUERIES.release_attachments, kept, [row["id"] for row in rows])
