"""Loads the invented region with the services' own loading code, as their commands would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from hub_gateway.handlers.accounts import load_accounts
from hub_identity.annuaire import read_folder
from hub_identity.annuaire_store import load_annuaire
from hub_kit.clock import SystemClock
from hub_kit.db import Connection
from hub_kit.ids import uuid7
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_local import world as worlds

if TYPE_CHECKING:
    from hub_local.stack import Stack


async def load_world(stack: Stack) -> None:
    """Annuaire into identity, accounts into gateway, certificates into dmp-publisher. Repeatable."""
    now, clock = datetime.now(UTC), SystemClock()
    prefix = stack.options.topic_prefix
    for kind, entries in worlds.annuaire(stack.options.world).items():
        stack.write_yaml(f"annuaire/{kind}.yaml", {kind: entries})
    accounts = stack.write_yaml("accounts.yaml", worlds.accounts(stack.options.world))

    def outbox(stream: str) -> Outbox:
        return Outbox(stream=stream, seals=NothingSealed(), new_id=lambda: uuid7(clock), topic_prefix=prefix)

    connection = await _open(stack, "identity")
    try:
        folder = read_folder(stack.home / "annuaire")
        await load_annuaire(connection, folder, outbox("hub.identity"), lambda: uuid7(clock), now)
    finally:
        await connection.close()
    connection = await _open(stack, "gateway")
    try:
        await load_accounts(connection, accounts, outbox("hub.act"), now)
    finally:
        await connection.close()


async def _open(stack: Stack, service: str) -> Connection:
    return await asyncpg.connect(stack.databases.services[service].worker)
