"""The commands behind `make demo`, `make up`, `make test` and `make bench`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from hub_local import demo as scenes
from hub_local.detached import start_detached
from hub_local.errors import LocalError
from hub_local.infra import LocalInfra
from hub_local.layout import Layout, repository_root
from hub_local.stack import SECRETS_FILE, Stack, StackOptions
from hub_local.supervisor import stop_on_signals
from hub_local.world import make_world

START_SECONDS = 300.0
RULES_VARIABLE = "HUB_RULES_DIR"
OWN_HUBS = ["tests/e2e/test_nothing_lost.py", "tests/e2e/test_privacy.py"]
TEST_RUNS = [
    ["tests/unit", "tests/contract", "tests/integration"],
    ["tests/e2e", *(f"--ignore={path}" for path in OWN_HUBS)],
    OWN_HUBS,
]
_console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def add_to(app: typer.Typer) -> None:
    """Add them to `hub-local`."""
    app.command()(demo)
    app.command()(up)
    app.command()(token)
    app.command("test", context_settings={"ignore_unknown_options": True})(run_tests)
    app.command(hidden=True)(serve)
    app.command()(bench)


def rules_dir() -> Path | None:
    """The operator's copy of the official rules, None when HUB_RULES_DIR isn't set."""
    folder = os.environ.get(RULES_VARIABLE)
    return Path(folder) if folder else None


def _say_rules() -> None:
    folder = rules_dir()
    if folder:
        _console.print(f"Règles officielles : {folder} (XSD contrôlé sur chaque document)")
    else:
        _console.print(
            "Règles officielles non installées (HUB_RULES_DIR) : le hub contrôle les documents par ses propres règles."
        )


def demo() -> None:
    """Everything once: start, publish a mixed batch, follow it to its end, stop."""
    layout = Layout.from_environment(os.environ)
    try:
        with stop_on_signals(), LocalInfra(layout) as infra:
            good = asyncio.run(_demo(infra))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except LocalError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from error
    _console.print(f"Arrêté. Données : {layout.data} (`make clean` les enlève)")
    raise typer.Exit(0 if good else 1)


async def _demo(infra: LocalInfra) -> bool:
    _console.print("[bold]Hub DMP[/bold] — démonstration (DMP simulé, patients inventés, logiciel non homologué)")
    _say_rules()
    options = StackOptions(world=make_world(3, 1), rules_dir=rules_dir(), service_env=scenes.DEMO_SETTINGS)
    stack = Stack(infra, options, lambda text: _console.print(f"  · {text}"))
    await stack.start()
    return await scenes.play(stack, _console)


def up() -> None:
    """Start everything, leave it running, print addresses and a token."""
    layout = Layout.from_environment(os.environ)
    try:
        start_detached([sys.executable, "-m", "hub_local", "serve"], layout, seconds=START_SECONDS)
    except LocalError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from error
    _say_rules()
    for name, value in layout.read_run().get("addresses", {}).items():
        _console.print(f"{name:<22} {value}", soft_wrap=True)
    _console.print("Nouveau jeton : .venv/bin/hub-local token \\[compte] ; arrêt : make down")


def token(
    client_id: Annotated[str, typer.Argument(help="Compte : lgo-0, lgo-2, lgo-3 ou auditeur-regional.")] = "lgo-0",
) -> None:
    """Print a fresh access token of an account of the running hub."""
    layout = Layout.from_environment(os.environ)
    address = layout.read_run().get("addresses", {}).get("jetons (OAuth 2)")
    secrets_file = layout.data / "hub" / "main" / SECRETS_FILE
    if not address or not secrets_file.exists():
        typer.echo("nothing runs: make up", err=True)
        raise typer.Exit(3)
    secrets = json.loads(secrets_file.read_text("utf-8"))
    if client_id not in secrets:
        typer.echo(f"accounts: {', '.join(secrets)}", err=True)
        raise typer.Exit(2)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secrets[client_id]}
    answer = httpx.post(address, data=form, timeout=10)
    answer.raise_for_status()
    typer.echo(answer.json()["access_token"])


def serve() -> None:
    """What `up` leaves running."""
    layout = Layout.from_environment(os.environ)
    try:
        with stop_on_signals(), LocalInfra(layout) as infra:
            options = StackOptions(world=make_world(3, 1), rules_dir=rules_dir())
            stack = Stack(infra, options)
            addresses = asyncio.run(_start(stack))
            infra.announce_ready(addresses=addresses)
            ended = infra.supervisor.wait_for_end()
    except KeyboardInterrupt:
        return
    names = ", ".join(f"{child.name} ({child.exit_status})" for child in ended)
    typer.echo(f"ended by itself: {names}; see {layout.logs}", err=True)
    raise typer.Exit(1)


async def _start(stack: Stack) -> dict[str, str]:
    await stack.start()
    world = stack.options.world
    first = world.structures[0]
    return {
        "API LGO": stack.gateway_url,
        "documentation": f"{stack.gateway_url}/docs",
        "traces (auditeurs)": f"{stack.audit_url}/v1/audit/records",
        "DMP simulé, commande": stack.dmp_control_url,
        "jetons (OAuth 2)": stack.token_url,
        "structure": first.national_id,
        "auteur": first.author.id,
        "jeton LGO (1 h)": await stack.token(first.client_id),
        "jeton auditeur (1 h)": await stack.token(world.auditor),
    }


def run_tests(
    arguments: Annotated[list[str] | None, typer.Argument(help="Given to pytest.")] = None,
) -> None:
    """Run the tests on a PostgreSQL and a Kafka of their own, in a data directory that is removed afterwards.

    Without arguments three runs go side by side: what needs no whole hub, what shares one, what starts its own.
    """
    layout = Layout.from_environment(os.environ)
    temporary = Path(tempfile.mkdtemp(prefix="hub-test-"))
    try:
        with stop_on_signals(), LocalInfra(Layout.at(temporary / "data", layout.jar_cache)) as infra:
            status = _pytest(infra, temporary, [arguments] if arguments else TEST_RUNS)
    except KeyboardInterrupt:
        status = 130
    except LocalError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        status = 1
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    raise typer.Exit(status)


def _pytest(infra: LocalInfra, folder: Path, runs: list[list[str]]) -> int:
    """Run pytest once for each list of arguments, at the same time; outputs follow each other."""
    started = []
    for number, chosen in enumerate(runs):
        output = None if len(runs) == 1 else (folder / f"run-{number}.log").open("w+b")
        command = [sys.executable, "-m", "pytest", "--basetemp", str(folder / f"tmp-{number}"), *chosen]
        environment = {**os.environ, **infra.environment()}
        process = subprocess.Popen(
            command, cwd=repository_root(), env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        started.append((process, output))
    status = 0
    for process, output in started:
        status = max(status, process.wait())
        if output is not None:
            output.seek(0)
            typer.echo(output.read().decode("utf-8", "replace"))
    return status


def bench(
    quick: Annotated[bool, typer.Option(help="A few seconds a rate instead of minutes.")] = False,
    structures: Annotated[list[int] | None, typer.Option(help="Number of structures; repeat.")] = None,
) -> None:
    """Measure end to end; figures go to bench/latest.jsonl and a table."""
    from hub_local import bench as benches

    layout = Layout.from_environment(os.environ)
    try:
        with stop_on_signals():
            benches.run(layout, rules_dir(), _console, quick=quick, structures=structures or [4, 1000])
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except LocalError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from error
