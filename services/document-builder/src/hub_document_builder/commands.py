"""Commands on files, for LGO vendors and operators: no database, no Kafka, nothing is sent."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub_contracts.document_types import document_types
from hub_document_builder import desk
from hub_document_builder.domain import Built, DocumentBroken, Invalid, Made
from hub_document_builder.upstreams.schematrons import InstallFailed
from hub_interop.schematron import Progress
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.terminologies import Built as Feeds
from hub_interop.terminologies import PackageRefused, check_lines, install_lines, list_lines, load_installed
from hub_kit.children import ChildFailed
from hub_kit.clock import SystemClock
from hub_kit.errors import ConfigurationError

EXIT_PROBLEMS, EXIT_USAGE = 1, 2
DEFAULT_CACHE = Path(".data/cache/rules")
File = Annotated[Path, typer.Argument(help="JSON : act, structure, professionals.", dir_okay=False, exists=True)]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Fichier à écrire ; la sortie standard sinon.")]
Rules = Annotated[
    Path | None,
    typer.Option("--rules", envvar="HUB_RULES_DIR", help="Copie des règles officielles.", file_okay=False, exists=True),
]
Cache = Annotated[
    Path,
    typer.Option(
        "--cache", envvar="HUB_DOCUMENT_BUILDER_RULES_CACHE_DIR", help="Règles prêtes à l'emploi.", file_okay=False
    ),
]
Package = Annotated[Path, typer.Argument(help="Paquet JDV_DMP (.zip).", exists=True)]
Sets = Annotated[
    Path, typer.Option("--dir", envvar="HUB_VALUE_SETS_DIR", help="Dossier des paquets installés.", file_okay=False)
]
Installed = Annotated[
    Path | None,
    typer.Option("--dir", envvar="HUB_VALUE_SETS_DIR", help="Dossier des paquets déjà installés.", file_okay=False),
]
Day = Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="Premier jour de validité, AAAA-MM-JJ.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the service's command line."""
    app.command("build")(build)
    app.command("validate")(validate)
    app.command("render")(render)
    app.command("install-rules")(install_rules)
    sets = typer.Typer(help="Jeux de valeurs (JDV_DMP).", no_args_is_help=True)
    sets.command("check")(check_value_sets)
    sets.command("install")(install_value_sets)
    sets.command("list")(list_value_sets)
    app.add_typer(sets, name="value-sets")


def build(file: File, out: Out = None, rules: Rules = None) -> None:
    """Construit le document CDA d'un acte, ou dit tout ce qui l'empêche."""
    _write(_built(file, rules).content, out)


def validate(
    files: Annotated[list[Path], typer.Argument(help="Documents CDA.", dir_okay=False, exists=True)],
    rules: Rules = None,
    cache: Cache = DEFAULT_CACHE,
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON par fichier.")] = False,
) -> None:
    """Contrôle des documents CDA par les règles officielles : XSD et schématrons."""
    if rules is None:
        raise _failed("Rien ne peut être contrôlé sans copie des règles officielles : HUB_RULES_DIR ou --rules.")
    try:
        verdicts = asyncio.run(desk.verdicts(rules, cache, files, _tell))
    except (InstallFailed, ConfigurationError) as error:
        raise _failed(f"Les règles officielles ne peuvent pas être préparées : {error}") from None
    except ChildFailed as error:
        raise _failed(f"Un document ne peut pas être contrôlé : {error.code}") from None
    for name, verdict in verdicts.items():
        if as_json:
            findings = [
                {"role": f.role, "code": f.code, "schematron": f.schematron, "location": f.location, "text": f.text}
                for f in verdict.findings
            ]
            typer.echo(
                json.dumps({"file": str(name), "valid": verdict.valid, "findings": findings}, ensure_ascii=False)
            )
            continue
        warnings = len(verdict.findings) - len(verdict.errors)
        typer.echo(f"{name} : {len(verdict.errors)} erreur(s), {warnings} avertissement(s)")
        for found in verdict.findings:
            typer.echo(f"  {found.role:8}{found.schematron or found.code}  {found.location}\n          {found.text}")
    if not all(verdict.valid for verdict in verdicts.values()):
        raise typer.Exit(EXIT_PROBLEMS)


def render(
    file: Annotated[Path, typer.Argument(help="Document CDA (.xml) ou acte (.json).", dir_okay=False, exists=True)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Fichier à écrire : .pdf, .html ou .txt.")],
) -> None:
    """Montre un document comme le patient le lira."""
    content = _built(file, None).content if file.suffix == ".json" else file.read_bytes()
    try:
        shown = desk.shown(content, out.suffix)
    except MessageUnreadable as error:
        raise _failed(f"Ce document ne peut pas être lu ({error.code}).") from None
    except desk.NotShown as error:
        raise _failed(str(error)) from None
    _write(shown, out)


def install_rules(
    rules: Annotated[Path, typer.Argument(help="Copie des règles officielles (ANS).", file_okay=False, exists=True)],
    cache: Cache = DEFAULT_CACHE,
) -> None:
    """Prépare les schématrons officiels pour qu'ils tournent vite ; à refaire quand les règles changent."""
    try:
        folder = asyncio.run(desk.installed(rules, cache, _tell))
    except (InstallFailed, ConfigurationError) as error:
        raise _failed(f"Les règles officielles ne peuvent pas être préparées : {error}") from None
    typer.echo(f"Règles prêtes : {folder}")


def check_value_sets(package: Package, since: Day, folder: Installed = None) -> None:
    """Dit ce qu'un nouveau paquet de jeux de valeurs changerait, sans rien installer."""

    def lines() -> list[str]:
        if folder is not None:
            load_installed(folder)
        return check_lines(package, since.date(), feeds())

    _value_sets(lines)


def install_value_sets(package: Package, since: Day, folder: Sets) -> None:
    """Installe un paquet de jeux de valeurs ; les services l'emploient à leur prochain démarrage."""
    _value_sets(lambda: install_lines(folder, package, since.date(), feeds()))


def list_value_sets(folder: Sets) -> None:
    """Les paquets de jeux de valeurs installés, et celui qui vaut aujourd'hui."""
    _value_sets(lambda: list_lines(folder, SystemClock().now().date()))


def feeds() -> Feeds:
    """The types and formats that the hub builds documents with."""
    kinds = document_types().values()
    return Feeds(types=frozenset(kind.type for kind in kinds), formats=frozenset(kind.format for kind in kinds))


def _built(file: Path, rules: Path | None) -> Built:
    try:
        made: Made = asyncio.run(desk.made(file, rules))
    except desk.BundleUnreadable as error:
        for line in error.lines:
            typer.echo(line, err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except (DocumentBroken, ConfigurationError, ChildFailed) as error:
        raise _failed(str(error)) from None
    if isinstance(made, Built):
        return made
    if isinstance(made, Invalid):
        for problem in made.problems:
            typer.echo(f"{problem.pointer or '/'}  {problem.code}  {problem.text}", err=True)
        raise typer.Exit(EXIT_PROBLEMS)
    raise _failed(made.code.text)


def _value_sets(lines: Callable[[], list[str]]) -> None:
    try:
        for line in lines():
            typer.echo(line)
    except PackageRefused as error:
        raise _failed(f"{error.code} : {error}") from None


def _tell(progress: Progress) -> None:
    typer.echo(f"  {progress.done}/{progress.total} {progress.step}", err=True)


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise _failed(f"{out} : {error.strerror}") from None
    typer.echo(f"{out} : {len(content)} octets", err=True)


def _failed(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(EXIT_USAGE)
