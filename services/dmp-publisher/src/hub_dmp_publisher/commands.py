"""Operators' commands beside the kit's: import the certificates of structures, see and reopen paused lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer

from hub_contracts.errors import ErrorCode
from hub_contracts.events.directory import StructurePublished
from hub_dmp_publisher import store
from hub_dmp_publisher.handlers.publish import PAUSED_BY
from hub_dmp_publisher.identities import Kind, read_identity
from hub_dmp_publisher.settings import Settings
from hub_kit.clock import Clock, SystemClock
from hub_kit.db import Connection
from hub_kit.errors import ConfigurationError
from hub_kit.messaging import lanes
from hub_kit.security.keywrap import FileKeyWrapper, KeyWrapper
from hub_kit.settings import load_settings

T = TypeVar("T")
_CURED = {ErrorCode.CERTIFICATE_MISSING.value, ErrorCode.CERTIFICATE_EXPIRED.value}
_FILES = {Kind.AUTH: ("auth.crt.pem", "auth.key.pem"), Kind.SIGN: ("sign.crt.pem", "sign.key.pem")}


async def import_identity(
    connection: Connection,
    wrapper: KeyWrapper,
    clock: Clock,
    structure_id: UUID,
    struct_id: str,
    pems: dict[Kind, tuple[bytes, bytes]],
) -> None:
    """Keep a structure's certificates and keys (PEM pairs by use), and reopen its lane if it waited for them.

    Raises ConfigurationError: see `identities.read_identity`.
    """
    now = clock.now()
    identities = [
        read_identity(structure_id, struct_id, kind, certificate, key, wrapper)
        for kind, (certificate, key) in pems.items()
    ]
    async with connection.transaction():
        for identity in identities:
            await store.save_identity(connection, identity, now)
        waiting = {lane.lane: lane for lane in await lanes.paused(connection) if lane.paused_by == PAUSED_BY}
        paused = waiting.get(str(structure_id))
        if paused is not None and paused.reason in _CURED:
            await lanes.resume(connection, str(structure_id))


async def import_folder(
    connection: Connection, wrapper: KeyWrapper, clock: Clock, folder: Path
) -> tuple[int, list[str]]:
    """Import `<folder>/<Struct_IdNat>/{auth,sign}.{crt,key}.pem` for every structure of the directory.

    Returns how many were imported, and the subfolders that name no structure known here.
    """
    known = await _structures(connection, clock)
    strangers, count = [], 0
    for home in _subfolders(folder):
        structure_id = known.get(home.name)
        if structure_id is None:
            strangers.append(home.name)
            continue
        pems = {kind: (_read(home / names[0]), _read(home / names[1])) for kind, names in _FILES.items()}
        await import_identity(connection, wrapper, clock, structure_id, home.name, pems)
        count += 1
    return count, strangers


async def _structures(connection: Connection, clock: Clock) -> dict[str, UUID]:
    """Structures of this service's copy of the directory, by the national identifier they wear now."""
    found: dict[str, UUID] = {}
    for row in await connection.fetch(store.QUERIES.structures_known):
        structure = StructurePublished.model_validate_json(row["data"], extra="ignore")
        struct_id = structure.identifier_at(clock.now())
        if struct_id is not None:
            found[struct_id] = structure.structure_id
    return found


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError as error:
        raise ConfigurationError(f"{folder.name} can't be read ({type(error).__name__})") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.parent.name}/{path.name} can't be read ({type(error).__name__})") from None


def add_commands(app: typer.Typer) -> None:
    """Add this service's commands to its command line."""
    app.command("import-identity")(_import_identity)
    app.command("import-identities")(_import_identities)
    app.command("lanes")(_lanes)
    app.command("resume-lane")(_resume_lane)


def _import_identity(
    structure: Annotated[UUID, typer.Option(help="The hub's stable id of the structure.")],
    struct_id: Annotated[str, typer.Option(help="Its national identifier (Struct_IdNat), the certificates' OU.")],
    auth_cert: Annotated[Path, typer.Option(help="ORG_AUTH_CLI certificate, PEM; its chain may follow.")],
    auth_key: Annotated[Path, typer.Option(help="Its private key, PEM.")],
    sign_cert: Annotated[Path, typer.Option(help="ORG_SIGN certificate, PEM.")],
    sign_key: Annotated[Path, typer.Option(help="Its private key, PEM.")],
) -> None:
    """Import the two certificates of one structure; its lane is reopened if it was paused for want of them."""
    pems = {Kind.AUTH: (_read(auth_cert), _read(auth_key)), Kind.SIGN: (_read(sign_cert), _read(sign_key))}

    async def work(connection: Connection, wrapper: KeyWrapper) -> None:
        await import_identity(connection, wrapper, SystemClock(), structure, struct_id, pems)

    _run(work)
    typer.echo("imported")


def _import_identities(
    folder: Annotated[Path, typer.Argument(help="Holds <Struct_IdNat>/{auth,sign}.{crt,key}.pem.")],
) -> None:
    """Import the certificates of many structures at once."""

    async def work(connection: Connection, wrapper: KeyWrapper) -> tuple[int, list[str]]:
        return await import_folder(connection, wrapper, SystemClock(), folder)

    count, strangers = _run(work)
    typer.echo(f"{count} structures imported")
    if strangers:
        typer.echo(f"not in the directory: {', '.join(strangers)}", err=True)
        raise typer.Exit(1)


def _lanes() -> None:
    """List the structures whose documents are held, and why."""

    async def work(connection: Connection, _wrapper: KeyWrapper) -> list[lanes.PausedLane]:
        return await lanes.paused(connection)

    for lane in _run(work):
        typer.echo(f"{lane.lane}  {lane.reason}  {lane.paused_by}  {lane.paused_at.astimezone(UTC).isoformat()}")


def _resume_lane(structure: Annotated[UUID, typer.Option(help="The structure to send for again.")]) -> None:
    """Send again for a structure, once its cause is put right."""

    async def work(connection: Connection, _wrapper: KeyWrapper) -> None:
        await lanes.resume(connection, str(structure))

    _run(work)
    typer.echo("resumed")


def _run(work: Callable[[Connection, KeyWrapper], Awaitable[T]]) -> T:
    """Do `work` on a connection of the service; a configuration problem ends the command with exit code 78."""

    async def with_connection() -> T:
        settings = load_settings(Settings)
        wrapper = FileKeyWrapper.from_file(settings.need_path("kek_file"))
        connection = await asyncpg.connect(settings.dsn)
        try:
            return await work(connection, wrapper)
        finally:
            await connection.close()

    try:
        return asyncio.run(with_connection())
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(78) from None
