"""Commands of identity beside those every service has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from hub_identity.annuaire import AnnuaireFile, AnnuaireInvalid, read_folder
from hub_identity.annuaire_store import Loaded, load_annuaire
from hub_identity.settings import Settings
from hub_kit.clock import SystemClock
from hub_kit.errors import ConfigurationError
from hub_kit.ids import uuid7
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_kit.settings import load_settings

EXIT_INVALID = 65  # EX_DATAERR
EXIT_CONFIG = 78  # EX_CONFIG


def add_commands(app: typer.Typer) -> None:
    """Add `load-annuaire` to the service's command line."""
    app.command("load-annuaire")(load_annuaire_command)


def load_annuaire_command(
    folder: Annotated[Path, typer.Argument(help="Folder of YAML files: structures and professionals.", exists=True)],
    only_check: Annotated[bool, typer.Option("--check", help="Check the files, store nothing.")] = False,
) -> None:
    """Load the annuaire from files and publish what changed on hub.directory. A second run changes nothing."""
    try:
        annuaire = read_folder(folder)
        if only_check:
            typer.echo(f"{len(annuaire.structures)} structures, {len(annuaire.professionals)} professionals: all good")
            return
        loaded = asyncio.run(_load(annuaire, load_settings(Settings)))
    except AnnuaireInvalid as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_INVALID) from None
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    typer.echo(f"{len(loaded.structures)} structures and {len(loaded.professionals)} professionals published")


async def _load(annuaire: AnnuaireFile, settings: Settings) -> Loaded:
    clock = SystemClock()
    outbox = Outbox(
        stream="hub.identity", seals=NothingSealed(), new_id=lambda: uuid7(clock), topic_prefix=settings.topic_prefix
    )
    connection = await asyncpg.connect(settings.dsn)
    try:
        return await load_annuaire(connection, annuaire, outbox, lambda: uuid7(clock), clock.now())
    finally:
        await connection.close()
