"""Command line: `python -m hub_simulators dmp|issuer|account|pki …`."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from hub_simulators.dmp import DmpSettings, DmpSimulator, RegisteredSoftware
from hub_simulators.dmp.patients import Authorisation, DmpState
from hub_simulators.issuer import AccountBook, IssuerSettings, TokenIssuer
from hub_simulators.pki import CertificateKind, TestPki
from hub_simulators.pki.authority import utc

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Systèmes extérieurs simulés de Hub DMP.")
pki_cli = typer.Typer(no_args_is_help=True, help="PKI de test : autorités, certificats de structure, révocation.")
cli.add_typer(pki_cli, name="pki")

_Directory = Annotated[Path, typer.Option("--directory", help="Dossier de la PKI de test.")]
_PkiDirectory = Annotated[Path, typer.Option("--pki", help="Dossier de la PKI de test (voir `pki create`).")]


class _Startable(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def _run_until_stopped(server: _Startable, ready: dict[str, str]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    typer.echo(json.dumps(ready))
    try:
        await stopped.wait()
    finally:
        await server.stop()


@cli.command("dmp")
def dmp(
    pki: _PkiDirectory,
    host: Annotated[str, typer.Option(help="Adresse d'écoute des services (mTLS).")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port des services ; 0 : un port libre.")] = 0,
    control_port: Annotated[int, typer.Option(help="Port du plan de commande (127.0.0.1) ; 0 : libre.")] = 0,
    directory: Annotated[Path | None, typer.Option(help="Dossier des documents reçus ; absent : mémoire.")] = None,
    rules_dir: Annotated[
        Path | None, typer.Option(envvar="HUB_RULES_DIR", help="Copie des règles de l'ANS ; absente : pas de XSD.")
    ] = None,
    software: Annotated[
        list[str] | None,
        typer.Option(
            help="Logiciel homologué « NOM;VERSION;NUMERO » (VERSION vide : toutes). Répétable. Aucun : tous."
        ),
    ] = None,
    ins_oid: Annotated[list[str] | None, typer.Option(help="OID d'INS acceptés (défaut : celui de test).")] = None,
    default_patient: Annotated[DmpState, typer.Option(help="DMP d'un patient inconnu.")] = "active",
    default_authorisation: Annotated[
        Authorisation, typer.Option(help="Autorisation d'un patient inconnu.")
    ] = "NON_EXISTE",
    clock_tolerance: Annotated[float, typer.Option(help="Écart d'horloge admis, en secondes.")] = 300.0,
    record_bytes: Annotated[
        int, typer.Option(help="Mémoire des requêtes brutes, en octets ; 0 : aucune.")
    ] = 33_554_432,
    keep_content: Annotated[bool, typer.Option(help="Garder les octets des documents.")] = True,
) -> None:
    """Lance le DMP simulé ; écrit sur la sortie une ligne JSON {base_url, control_url} quand il est prêt."""
    settings = DmpSettings(
        pki_directory=pki,
        host=host,
        port=port,
        control_port=control_port,
        directory=directory,
        rules_dir=rules_dir,
        software=tuple(_software(item) for item in software or ()),
        ins_oids=tuple(ins_oid) if ins_oid else DmpSettings(pki).ins_oids,
        default_patient=default_patient,
        default_authorisation=default_authorisation,
        clock_tolerance=clock_tolerance,
        record_bytes=record_bytes,
        keep_content=keep_content,
    )

    async def run() -> None:
        simulator = DmpSimulator(settings)
        await simulator.start()
        await _run_until_stopped(simulator, {"base_url": simulator.base_url, "control_url": simulator.control_url})

    _with_uvloop(run)


@cli.command("issuer")
def issuer(
    accounts: Annotated[Path, typer.Option(help="Fichier JSON des comptes (voir `account`).")],
    audience: Annotated[str, typer.Option(help="`aud` des jetons.")],
    host: Annotated[str, typer.Option(help="Adresse d'écoute.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port ; 0 : un port libre.")] = 0,
    issuer_name: Annotated[str, typer.Option("--issuer", help="`iss` des jetons ; défaut : l'adresse servie.")] = "",
    lifetime: Annotated[int, typer.Option(help="Durée des jetons, en secondes.")] = 300,
    directory: Annotated[Path | None, typer.Option(help="Dossier des clés ; absent : mémoire.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Certificat TLS (PEM) ; absent : HTTP.")] = None,
    key: Annotated[Path | None, typer.Option(help="Clé du certificat TLS (PEM).")] = None,
) -> None:
    """Lance l'émetteur de jetons ; écrit sur la sortie une ligne JSON {issuer, jwks_uri, token_endpoint}."""
    settings = IssuerSettings(
        accounts=accounts,
        audience=audience,
        issuer=issuer_name,
        lifetime=lifetime,
        directory=directory,
        host=host,
        port=port,
        certificate=certificate,
        key=key,
    )

    async def run() -> None:
        server = TokenIssuer(settings)
        await server.start()
        ready = {
            "issuer": settings.issuer or server.url,
            "jwks_uri": f"{server.url}/jwks.json",
            "token_endpoint": f"{server.url}/token",
        }
        await _run_until_stopped(server, ready)

    _with_uvloop(run)


@cli.command("account")
def account(
    accounts: Annotated[Path, typer.Option(help="Fichier JSON des comptes, créé au besoin.")],
    client_id: Annotated[str, typer.Option(help="Identifiant du compte.")],
    scope: Annotated[list[str], typer.Option(help="Périmètre accordé. Répétable.")],
    secret: Annotated[str, typer.Option(help="Secret ; demandé s'il est absent.", prompt=True, hide_input=True)],
) -> None:
    """Ajoute un compte de LGO (le secret est haché)."""
    AccountBook(accounts).add(client_id, secret, scope)


@pki_cli.command("create")
def pki_create(directory: _Directory) -> None:
    """Crée les autorités et le certificat du DMP simulé (ou rouvre ceux qui sont là)."""
    TestPki.create(directory)


@pki_cli.command("issue")
def pki_issue(
    directory: _Directory,
    structure: Annotated[str, typer.Option(help="Struct_IdNat, par exemple 1330000001.")],
    name: Annotated[str, typer.Option(help="Raison sociale.")],
    not_before: Annotated[str | None, typer.Option(help="Début (ISO, UTC) ; défaut : hier.")] = None,
    not_after: Annotated[str | None, typer.Option(help="Fin (ISO, UTC) ; défaut : un an. Passée : expiré.")] = None,
    label: Annotated[str, typer.Option(help="Suffixe du dossier, pour un second jeu.")] = "",
    swap_usage: Annotated[bool, typer.Option(help="Intervertir ORG_AUTH_CLI et ORG_SIGN.")] = False,
) -> None:
    """Émet les deux certificats d'une structure et écrit leurs chemins."""
    kinds = (CertificateKind.ORG_AUTH_CLI, CertificateKind.ORG_SIGN)
    pairs = TestPki.create(directory).issue_structure(
        structure,
        name,
        not_before=utc(not_before) if not_before else None,
        not_after=utc(not_after) if not_after else None,
        label=label,
        usage=(kinds[1], kinds[0]) if swap_usage else kinds,
    )
    typer.echo(json.dumps({"auth": [str(p) for p in pairs.auth], "sign": [str(p) for p in pairs.sign]}))


@pki_cli.command("issue-many")
def pki_issue_many(
    directory: _Directory,
    first: Annotated[int, typer.Option(help="Premier Struct_IdNat (10 chiffres).")],
    count: Annotated[int, typer.Option(help="Nombre de structures.")],
    key_pool: Annotated[
        int, typer.Option(help="Paires de clés partagées (bancs d'essai) ; 0 : une par certificat.")
    ] = 8,
) -> None:
    """Émet les certificats de `count` structures qui se suivent."""
    pki = TestPki.create(directory, key_pool=key_pool)
    for number in range(first, first + count):
        pki.issue_structure(str(number), f"STRUCTURE DE TEST {number}")


@pki_cli.command("revoke")
def pki_revoke(
    directory: _Directory,
    structure: Annotated[str, typer.Option(help="Struct_IdNat.")],
    label: Annotated[str, typer.Option(help="Suffixe du dossier.")] = "",
) -> None:
    """Révoque les deux certificats d'une structure."""
    pki = TestPki.create(directory)
    pki.revoke(*pki.structure(structure, label))


def _with_uvloop(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run on uvloop when it is installed, on asyncio otherwise."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())


def _software(value: str) -> RegisteredSoftware:
    parts = value.split(";")
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise typer.BadParameter("NOM;VERSION;NUMERO attendu", param_hint="--software")
    return RegisteredSoftware(parts[0], parts[1] or None, parts[2])


if __name__ == "__main__":
    cli()
