"""Loads the invented region with the services' own loading code, as their commands would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from hub_dmp_publisher.commands import import_identity
from hub_dmp_publisher.identities import Kind
from hub_gateway.handlers.accounts import load_accounts
from hub_identity.annuaire import read_folder
from hub_identity.annuaire_store import load_annuaire
from hub_kit.clock import SystemClock
from hub_kit.db import Connection
from hub_kit.ids import uuid7
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_kit.security.keywrap import FileKeyWrapper
from hub_local import world as worlds
from hub_local.world import Structure
from hub_simulators.pki import TestPki

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
    connection = await _open(stack, "dmp-publisher")
    try:
        wrapper = FileKeyWrapper.from_file(stack.home / "kek")
        pki = TestPki.create(stack.home / "igc")
        for structure in stack.options.world.structures:
            await import_identity(
                connection,
                wrapper,
                clock,
                structure.structure_id,
                structure.national_id,
                _certificates(pki, structure),
            )
    finally:
        await connection.close()


async def _open(stack: Stack, service: str) -> Connection:
    return await asyncpg.connect(stack.databases.services[service].worker)


def _certificates(pki: TestPki, structure: Structure) -> dict[Kind, tuple[bytes, bytes]]:
    pairs = pki.structure(structure.national_id)
    return {
        Kind.AUTH: (pairs.auth.certificate.read_bytes(), pairs.auth.key.read_bytes()),
        Kind.SIGN: (pairs.sign.certificate.read_bytes(), pairs.sign.key.read_bytes()),
    }
