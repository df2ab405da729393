"""Loads the accounts file: accounts and memberships become what it says, and changed memberships are published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from hub_contracts.events.directory import MembershipPublished
from hub_gateway.domain.accounts_file import AccountEntry, AccountsFile, AccountsRefused, MembershipEntry, read_accounts
from hub_gateway.store import accounts as store
from hub_gateway.store.accounts import AccountRow, MembershipRow
from hub_gateway.store.standing import find_structures
from hub_kit.db import Connection
from hub_kit.messaging.model import Emit
from hub_kit.messaging.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much a loading changed."""

    accounts: int
    memberships: int


async def load_accounts(connection: Connection, path: Path, outbox: Outbox, now: datetime) -> Loaded:
    """Make the tables say what the file says, in one transaction; loading it again changes nothing.

    A membership that an account of the file no longer has ends now; accounts that are not in the file stay as they are.
    Raises AccountsRefused when the file is wrong or names a structure that the directory doesn't know.
    """
    file = await asyncio.to_thread(read_accounts, path)
    async with connection.transaction():
        await store.lock(connection)
        known_accounts = await store.accounts(connection)
        known = await store.memberships(connection)
        structures = await _structures(connection, file, now)
        wanted_accounts = [_account(entry, known_accounts) for entry in file.accounts]
        wanted = {
            (row.account_id, row.structure_id): row
            for account, entry in zip(wanted_accounts, file.accounts, strict=True)
            for row in _memberships(account, entry, structures)
        }
        ours = {account.account_id for account in wanted_accounts}
        ended = [
            replace(row, until=now)
            for key, row in known.items()
            if row.account_id in ours and key not in wanted and (row.until is None or row.until > now)
        ]
        changed_accounts = [row for row in wanted_accounts if known_accounts.get(row.client_id) != row]
        changed = [row for key, row in wanted.items() if known.get(key) != row] + ended
        await store.save(connection, changed_accounts, changed, now)
        names = {account.account_id: account.client_id for account in wanted_accounts}
        if changed:
            await outbox.emit(connection, [_published(row, names[row.account_id]) for row in changed], now)
    return Loaded(len(changed_accounts), len(changed))


async def _structures(connection: Connection, file: AccountsFile, now: datetime) -> Mapping[str, UUID]:
    """Structures named by national identifier, as worn now."""
    wanted = {m.structure for account in file.accounts for m in account.memberships if m.structure is not None}
    found = await find_structures(connection, sorted(wanted)) if wanted else {}
    worn = {
        national_id: structure.structure_id
        for national_id, structures in found.items()
        for structure in structures
        if structure.identifier_at(now) == national_id
    }
    missing = sorted(wanted - worn.keys())
    if missing:
        raise AccountsRefused(
            f"the directory knows no structure {', '.join(missing)}: load the annuaire first (identity), then retry"
        )
    return worn


def _account(entry: AccountEntry, known: Mapping[str, AccountRow]) -> AccountRow:
    former = known.get(entry.client_id)
    account_id = former.account_id if former is not None else uuid4()
    return AccountRow(account_id, entry.client_id, entry.issuer, entry.name, entry.active)


def _memberships(account: AccountRow, entry: AccountEntry, structures: Mapping[str, UUID]) -> list[MembershipRow]:
    return [
        MembershipRow(
            account.account_id, _structure_id(m, structures), " ".join(sorted(set(m.scopes))), m.since, m.until
        )
        for m in entry.memberships
    ]


def _structure_id(entry: MembershipEntry, structures: Mapping[str, UUID]) -> UUID:
    if entry.structure_id is not None:
        return entry.structure_id
    assert entry.structure is not None
    return structures[entry.structure]


def _published(row: MembershipRow, client_id: str) -> Emit:
    event = MembershipPublished(
        account_id=row.account_id,
        client_id=client_id,
        structure_id=row.structure_id,
        scopes=tuple(row.scopes.split()),
        since=row.since,
        until=row.until,
    )
    return Emit(event, stream="hub.directory")
