"""News of the annuaire, told on hub.directory as `load-annuaire` tells them: other names, another professional."""

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
from hub_local.world import Structure


async def rename_all(stack: Stack) -> dict[str, str]:
    """The new names by national identifier, once loaded into identity (whose relay sends them)."""
    renamed = [replace(s, name=f"{s.name} BIS") for s in stack.options.world.structures]
    world = replace(stack.options.world, structures=tuple(renamed))
    for kind, entries in worlds.annuaire(world).items():
        stack.write_yaml(f"annuaire-bis/{kind}.yaml", {kind: entries})
    await _load(stack, "annuaire-bis")
    return {s.national_id: s.name for s in renamed}


async def enrol_helper(stack: Stack, structure: Structure) -> str:
    """A préparateur en pharmacie of that pharmacy; the PS_IdNat, once loaded into identity."""
    helper = {
        "id": "8" + worlds.luhn(f"2{structure.author.id[2:11]}"),
        "family_name": "TESTPREPARATEUR",
        "given_name": "Sacha",
        "civility": "M",
        "profession": "39",
        "exercises": [{"structure": structure.national_id, "since": worlds.SINCE.isoformat()}],
    }
    stack.write_yaml("annuaire-ter/professionals.yaml", {"professionals": [helper]})
    await _load(stack, "annuaire-ter")
    return str(helper["id"])


async def _load(stack: Stack, folder: str) -> None:
    """Load these files into identity, whose relay sends the news; return once it did."""
    clock = SystemClock()
    outbox = Outbox(
        stream="hub.identity",
        seals=NothingSealed(),
        new_id=lambda: uuid7(clock),
        topic_prefix=stack.options.topic_prefix,
    )
    connection = await asyncpg.connect(stack.databases.services["identity"].worker)
    try:
        files = read_folder(stack.home / folder)
        await load_annuaire(connection, files, outbox, lambda: uuid7(clock), datetime.now(UTC))
        while await connection.fetchval("select count(*) from outbox"):
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
