"""Commands of the gateway beside those of every service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from hub_gateway.app import IDENTITY
from hub_gateway.handlers.accounts import Loaded
from hub_gateway.handlers.accounts import load_accounts as load
from hub_gateway.settings import Settings
from hub_kit.clock import SystemClock
from hub_kit.errors import ConfigurationError
from hub_kit.ids import uuid7
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_kit.settings import load_settings

EXIT_CONFIG = 78


def add_to(app: typer.Typer) -> None:
    """Add `load-accounts` to the service's command line."""
    app.command("load-accounts")(load_accounts)


def load_accounts(
    file: Annotated[Path, typer.Argument(help="YAML file of accounts and memberships.", dir_okay=False)],
) -> None:
    """Make accounts and memberships what the file says; a running gateway publishes the changes."""
    try:
        loaded = asyncio.run(_load(load_settings(Settings), file))
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    typer.echo(f"{loaded.accounts} accounts and {loaded.memberships} memberships changed")


async def _load(settings: Settings, file: Path) -> Loaded:
    clock = SystemClock()
    outbox = Outbox(
        stream=IDENTITY.stream,
        seals=NothingSealed(),
        new_id=lambda: uuid7(clock),
        topic_prefix=settings.topic_prefix,
    )
    connection = await asyncpg.connect(settings.dsn)
    try:
        return await load(connection, file, outbox, clock.now())
    finally:
        await connection.close()
