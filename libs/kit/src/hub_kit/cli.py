"""The command line that every service has: serve, migrate, replay, check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import asyncpg
import typer

from hub_kit.clock import SystemClock
from hub_kit.db import migrate
from hub_kit.errors import ConfigurationError
from hub_kit.faults import set_faults
from hub_kit.ids import uuid7
from hub_kit.run import Supervisor, fail_at_start, run_loop
from hub_kit.settings import ServiceSettings, load_settings
from hub_kit.settings_check import check_config, reference_table
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.logs import configure_logs
from hub_kit.telemetry.metrics import Metrics

S = TypeVar("S", bound=ServiceSettings)
Build = Callable[[S, Supervisor, Health, Metrics], Awaitable[None]]
"""A service's composition root: open resources on `supervisor.resources`, add tasks to the supervisor."""

EXIT_CONFIG = 78  # EX_CONFIG
_REPLAY_HELP = "Give dead items another try, and tell audit who did it and why."


def service_app(
    settings_class: type[S], build: Build[S], *, migrations: Sequence[tuple[str, str]], stream: str | None = None
) -> typer.Typer:
    """The service's command line.

    `migrations`: (package, folder) pairs in order, the kit's first. `stream`: where `replay` tells what it did; without
    one there is no `replay` command.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def serve() -> None:
        """Run the service until SIGTERM or SIGINT."""
        settings = _settings(settings_class)
        set_faults(settings.faults)
        raise typer.Exit(run_loop(lambda: _serve(settings, build)))

    @app.command("migrate")
    def migrate_(
        phase: Annotated[str, typer.Option(help="pre (before the new code) or post (after it).")] = "pre",
    ) -> None:
        """Bring the service's database schema up to date."""
        settings = _settings(settings_class)
        wanted: Literal["pre", "post"] = "post" if phase == "post" else "pre"
        applied = asyncio.run(migrate(settings.owner_dsn, migrations, wanted))
        typer.echo("\n".join(applied) or "nothing to apply")

    @app.command()
    def check(table: Annotated[bool, typer.Option(help="Print the settings as a Markdown table.")] = False) -> None:
        """List everything wrong with the configuration; exit code 78 if there is anything."""
        if table:
            typer.echo(reference_table(settings_class))
            return
        problems = check_config(settings_class)
        typer.echo("\n".join(problems) or "configuration: nothing wrong found")
        raise typer.Exit(EXIT_CONFIG if problems else 0)

    if stream is not None:
        _add_replay(app, settings_class, stream)
    return app


def _settings(settings_class: type[S]) -> S:
    try:
        settings = load_settings(settings_class)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    configure_logs(settings.service, settings.log_level)
    return settings


async def _serve(settings: S, build: Build[S]) -> int:
    clock, metrics = SystemClock(), Metrics()
    health = Health(clock, metrics)
    supervisor = Supervisor(clock=clock, metrics=metrics, health=health, stop_seconds=settings.shutdown_seconds)
    try:
        await build(settings, supervisor, health, metrics)
    except Exception as error:
        await supervisor.resources.aclose()
        return fail_at_start(error)
    return await supervisor.run()


def _add_replay(app: typer.Typer, settings_class: type[S], stream: str) -> None:
    @app.command(help=_REPLAY_HELP)
    def replay(
        who: Annotated[str, typer.Option(help="Who decides it (the operator's account).")],
        why: Annotated[str, typer.Option(help="Why, for the audit record.")],
        item: Annotated[list[UUID] | None, typer.Option(help="Event id of a dead item; repeat for several.")] = None,
        code: Annotated[str | None, typer.Option(help="All dead items with this last error code.")] = None,
        since: Annotated[datetime | None, typer.Option(help="Only items that died since this moment (UTC).")] = None,
        really: Annotated[bool, typer.Option("--really", help="Do it; without this it only lists.")] = False,
    ) -> None:
        if not item and code is None and since is None:
            typer.echo("say which items: --item, --code or --since", err=True)
            raise typer.Exit(2)
        settings = _settings(settings_class)
        asyncio.run(_replay(settings, stream, item, code, since, who, why, really))


async def _replay(
    settings: ServiceSettings,
    stream: str,
    ids: list[UUID] | None,
    code: str | None,
    since: datetime | None,
    who: str,
    why: str,
    really: bool,
) -> None:
    from hub_kit.messaging.outbox import NothingSealed, Outbox
    from hub_kit.messaging.replay import find_dead, replay_dead

    clock = SystemClock()
    connection = await asyncpg.connect(settings.dsn)
    try:
        moment = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
        found = await find_dead(connection, ids=ids or None, code=code, since=moment)
        for dead in found:
            typer.echo(f"{dead.event_id}  {dead.handler}  {dead.type}  {dead.last_code}  {dead.dead_at.isoformat()}")
        if not really:
            typer.echo(f"{len(found)} items; --really gives them another try")
            return
        outbox = Outbox(
            stream=stream, seals=NothingSealed(), new_id=lambda: uuid7(clock), topic_prefix=settings.topic_prefix
        )
        count = await replay_dead(connection, outbox, found, replay_id=uuid7(clock), who=who, why=why, now=clock.now())
        typer.echo(f"{count} items given another try")
    finally:
        await connection.close()
