"""Accounts and memberships as tables, for the loading of the accounts file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from hub_gateway.store import QUERIES
from hub_kit.db import Connection


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account, in the order of the statement's columns."""

    account_id: UUID
    client_id: str
    issuer: str | None
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """One membership, in the order of the statement's columns. `scopes`: sorted, separated by spaces."""

    account_id: UUID
    structure_id: UUID
    scopes: str
    since: datetime
    until: datetime | None


async def lock(connection: Connection) -> None:
    """One loading at a time, until the transaction ends."""
    await connection.execute(QUERIES.lock_accounts)


async def accounts(connection: Connection) -> dict[str, AccountRow]:
    """All accounts by client_id."""
    rows = await connection.fetch(QUERIES.all_accounts)
    return {row["client_id"]: AccountRow(**dict(row)) for row in rows}


async def memberships(connection: Connection) -> dict[tuple[UUID, UUID], MembershipRow]:
    """All memberships by (account, structure)."""
    rows = await connection.fetch(QUERIES.all_memberships)
    return {
        (r["account_id"], r["structure_id"]): MembershipRow(
            r["account_id"], r["structure_id"], " ".join(sorted(r["scopes"])), r["since"], r["until"]
        )
        for r in rows
    }


async def save(
    connection: Connection, changed: Sequence[AccountRow], memberships_: Sequence[MembershipRow], now: datetime
) -> None:
    """Write what changed; one statement a table."""
    if changed:
        await connection.execute(QUERIES.save_accounts, *_columns(changed), now)
    if memberships_:
        await connection.execute(QUERIES.save_memberships, *_columns(memberships_), now)


def _columns(rows: Sequence[AccountRow] | Sequence[MembershipRow]) -> list[list[object]]:
    return [list(column) for column in zip(*map(astuple, rows), strict=True)]
