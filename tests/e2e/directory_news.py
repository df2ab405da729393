"""News of the annuaire: every structure gets another name, told on hub.directory as `load-annuaire` tells it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from hub_identity.annuaire import read_folder
from hub_identity.annuaire_store import load_annuaire
from hub_kit.clock import SystemClock
from hub_kit.ids import uuid7
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_local import world as worlds
from hub_local.stack import Stack


async def rename_all(stack: Stack) -> dict[str, str]:
    """The new names by national identifier, once loaded into identity (whose relay sends them)."""
    renamed = [replace(s, name=f"{s.name} BIS") for s in stack.options.world.structures]
    world = replace(stack.options.world, structures=tuple(renamed))
    for kind, entries in worlds.annuaire(world).items():
        stack.write_yaml(f"annuaire-bis/{kind}.yaml", {kind: entries})
    clock = SystemClock()
    outbox = Outbox(
        stream="hub.identity",
        seals=NothingSealed(),
        new_id=lambda: uuid7(clock),
        topic_prefix=stack.options.topic_prefix,
    )
    connection = await asyncpg.connect(stack.databases.services["identity"].worker)
    try:
        folder = read_folder(stack.home / "annuaire-bis")
        await load_annuaire(connection, folder, outbox, lambda: uuid7(clock), datetime.now(UTC))
        while await connection.fetchval("select count(*) from outbox"):
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    return {s.national_id: s.name for s in renamed}
