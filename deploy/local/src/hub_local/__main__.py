"""`hub-local`: the infrastructure from the command line."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from hub_local import commands
from hub_local.detached import start_detached, stop_detached
from hub_local.errors import LocalError, SettingsRefused
from hub_local.infra import ExistingKafka, LocalInfra
from hub_local.kafka import admin_client
from hub_local.layout import Layout
from hub_local.postgres_home import bring_home
from hub_local.supervisor import stop_on_signals
from hub_local.topics import reconcile

START_SECONDS = 300.0

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
commands.add_to(app)


@contextmanager
def _told() -> Iterator[Layout]:
    """The layout of the environment; our own errors end the command with their text and status 1."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("hub_local").setLevel(logging.INFO)
    try:
        yield Layout.from_environment(os.environ)
    except LocalError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from error


@app.command("infra-up")
def infra_up(detach: bool = typer.Option(False, help="Return once it is ready, and leave it running.")) -> None:
    """Start PostgreSQL and Kafka, create the topics; stop them on Ctrl-C."""
    with _told() as layout:
        if detach:
            start_detached([sys.executable, "-m", "hub_local", "infra-up"], layout, seconds=START_SECONDS)
            _print_state(layout)
            return
        try:
            with stop_on_signals(), LocalInfra(layout) as infra:
                infra.reconcile_topics()
                infra.announce_ready()
                _print_state(layout)
                ended = infra.supervisor.wait_for_end()
        except KeyboardInterrupt:
            return
        names = ", ".join(f"{child.name} (status {child.exit_status})" for child in ended)
        raise LocalError(f"{names} ended by itself: everything was stopped; see {layout.logs}")


@app.command()
def down() -> None:
    """Stop what runs in the data directory; data stays."""
    with _told() as layout:
        stopped = stop_detached(layout)
        bring_home(layout)
        typer.echo("Stopped." if stopped else "Nothing was running.")


@app.command()
def clean() -> None:
    """Stop what runs, then delete the data directory: databases, topics, certificates, jars."""
    with _told() as layout:
        stop_detached(layout)
        bring_home(layout)
        layout.remove()
        typer.echo(f"{layout.data} is gone.")


@app.command("topics")
def reconcile_topics(
    prefix: str = typer.Option("", help="Put before every topic and group name."),
    replication_factor: int = typer.Option(3, help="Copies of each new topic's partitions."),
) -> None:
    """Bring the cluster of HUB_KAFKA_BOOTSTRAP to what the topic files declare: topics, settings, permissions."""
    with _told():
        existing = ExistingKafka.from_environment(os.environ)
        if existing is None:
            raise SettingsRefused("set HUB_KAFKA_BOOTSTRAP: a local broker's topics are kept up by infra-up")
        client = admin_client(existing.bootstrap, existing.admin)
        try:
            done = reconcile(client, prefix=prefix, replication_factor=replication_factor)
        finally:
            client.close()
        for title, names in (("created", done.created), ("altered", done.altered), ("undeclared", done.undeclared)):
            typer.echo(f"{title:<12}{', '.join(names) or '-'}")
        for title, acls in (("allowed", done.acls_added), ("forbidden", done.acls_removed)):
            for acl in acls:
                typer.echo(f"{title:<12}{acl.principal} {acl.operation} {acl.kind} {acl.resource}{'*' * acl.prefixed}")


@app.command()
def status() -> None:
    """Say what runs, where, and how much room it takes. Status 3 when nothing runs."""
    with _told() as layout:
        if not layout.is_running():
            typer.echo(f"Nothing runs in {layout.data}.")
            raise typer.Exit(3)
        _print_state(layout)


def _print_state(layout: Layout) -> None:
    state, run = layout.read_state(), layout.read_run()
    free = shutil.disk_usage(layout.data).free // 2**30
    typer.echo(f"data directory  {layout.data} ({free} GiB free)")
    typer.echo(f"kafka           {run.get('kafka_bootstrap', '-')} (TLS, certificates in {layout.pki})")
    typer.echo(f"postgresql      127.0.0.1:{state.get('ports', {}).get('postgres', '-')}")
    for name, pid in sorted(run.get("processes", {}).items()):
        typer.echo(f"  {name:<14}pid {pid}")


if __name__ == "__main__":
    app()
