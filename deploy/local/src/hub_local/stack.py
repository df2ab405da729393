"""The whole hub on this machine: infrastructure, simulators, the six services, an invented region loaded into them."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml

from hub_kit.db import migrate
from hub_kit.security.keywrap import make_kek_file
from hub_local import world as worlds
from hub_local.databases import HubDatabases
from hub_local.infra import LocalInfra
from hub_local.layout import write_private
from hub_local.pki import SERVICES
from hub_local.ports import HOST, pick_ports
from hub_local.supervisor import ProcessSpec
from hub_local.world import World
from hub_simulators.issuer import AccountBook
from hub_simulators.pki import TestPki

AUDIENCE = "hub-dmp"
LPS = {"name": "HUB DMP", "version": "0.1", "homologation": "TEST-NON-HOMOLOGUE"}
LPS_OID = "1.2.250.1.999.1.42"
MIGRATIONS = (("hub_kit", "migrations/service"), ("hub_kit", "migrations/subjects"))
START_SECONDS = 60.0
SECRETS_FILE = "account-secrets.json"
PUBLIC = ("gateway", "audit")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What a stack is started with. `rules_dir` is the operator's copy of the official rules, None for none."""

    world: World
    rules_dir: Path | None = None
    topic_prefix: str = ""
    database: str = "hub"
    keyring: str = "hub_keyring"
    key_pool: int = 0
    record_requests: bool = True
    keep_contents: bool = True
    log_level: str = "INFO"
    service_env: dict[str, str] = field(default_factory=dict)


class Stack:
    """Started on a LocalInfra that is started already; its processes stop with that infra's supervisor."""

    def __init__(
        self, infra: LocalInfra, options: StackOptions, tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.infra = infra
        self.options = options
        self.home = infra.layout.data / "hub" / (options.topic_prefix or "main")
        self._tell = tell
        self._databases: HubDatabases | None = None
        self._ports: dict[str, int] = {}
        self._addresses: dict[str, Any] = {}

    # ── what others ask ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def gateway_url(self) -> str:
        """Where LGO software calls."""
        return f"http://{HOST}:{self._ports['gateway']}"

    @property
    def audit_url(self) -> str:
        """Where auditors call."""
        return f"http://{HOST}:{self._ports['audit']}"

    @property
    def dmp_control_url(self) -> str:
        """The control plane of the simulated DMP."""
        return str(self._addresses["dmp"]["control_url"])

    @property
    def token_url(self) -> str:
        """Where accounts get their tokens."""
        return str(self._addresses["issuer"]["token_endpoint"])

    @property
    def databases(self) -> HubDatabases:
        """DSNs by service."""
        assert self._databases is not None, "start() first"
        return self._databases

    def internal_url(self, service: str) -> str:
        """A service's internal server (mutual TLS)."""
        return f"https://{HOST}:{self._ports[f'{service}-internal']}"

    def internal_tls(self, name: str = "admin") -> ssl.SSLContext:
        """A context that shows that principal's certificate to internal servers."""
        credential = self.infra.pki.credential(name)
        context = ssl.create_default_context(cafile=str(credential.authority))
        context.load_cert_chain(credential.certificate, credential.key)
        return context

    # ── starting ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Everything up and ready. Raises ProcessFailed with the log's end when a part doesn't come up."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.home / SECRETS_FILE, json.dumps(self.options.world.secrets))
        names = [*PUBLIC, *(f"{s}-internal" for s in SERVICES), "dmp", "dmp-control", "issuer"]
        if self.options.topic_prefix:  # one of several hubs on this infrastructure
            self._ports = pick_ports(names)
        else:
            self._ports = pick_ports(names, self.infra.layout.read_state().get("hub_ports"))
            self.infra.layout.update_state(hub_ports=self._ports)
        self._tell("Topics, bases et clés")
        await asyncio.gather(asyncio.to_thread(self._outside), self._inside())
        self._tell("DMP simulé et émetteur de jetons")
        await asyncio.to_thread(self._start_simulators)
        self._tell("Annuaire, comptes et certificats de la région de test")
        await self.load_world()
        self._tell("Services")
        await asyncio.to_thread(self._start_services)
        await self.wait_ready()
        await self._wait_for_directory()

    async def _inside(self) -> None:
        topics = asyncio.to_thread(self.infra.reconcile_topics, self.options.topic_prefix)
        databases = self.infra.provision_databases(self.options.database, self.options.keyring)
        _, found = await asyncio.gather(topics, databases)
        self._databases = found
        kek = self.home / "kek"
        if not kek.exists():
            make_kek_file(kek)
        await migrate(found.keyring_owner, [("hub_kit", "migrations/keyring")])
        for service in SERVICES:
            package = f"hub_{service.replace('-', '_')}"
            await migrate(found.services[service].owner, [*MIGRATIONS, (package, "migrations")])

    def _outside(self) -> None:
        """The world outside the hub: certificates of the structures, accounts of the issuer."""
        pki = TestPki.create(self.home / "igc", key_pool=self.options.key_pool)
        for structure in self.options.world.structures:
            home = pki.directory / "structures" / structure.national_id
            if not (home / "sign.crt.pem").exists():
                pki.issue_structure(structure.national_id, structure.name)
        book_file = self.home / "issuer-accounts.json"
        book_file.unlink(missing_ok=True)
        book = AccountBook(book_file)
        for client in self.options.world.clients:
            book.add(client, self.options.world.secrets[client], list(worlds.ACT_SCOPES))
        auditor = self.options.world.auditor
        book.add(auditor, self.options.world.secrets[auditor], [worlds.AUDIT_SCOPE])
        book_file.chmod(0o600)

    def _start_simulators(self) -> None:
        dmp = [
            "dmp", "--pki", self.home / "igc", "--port", self._ports["dmp"],
            "--control-port", self._ports["dmp-control"], "--directory", self.home / "dmp",
            "--software", ";".join(LPS.values()),
            "--record-bytes", 33_554_432 if self.options.record_requests else 0,
            *([] if self.options.keep_contents else ["--no-keep-content"]),
        ]  # fmt: skip
        issuer = [
            "issuer", "--accounts", self.home / "issuer-accounts.json", "--audience", AUDIENCE,
            "--port", self._ports["issuer"], "--lifetime", 3600, "--directory", self.home / "issuer",
        ]  # fmt: skip
        env = {**os.environ}
        env.pop("HUB_RULES_DIR", None)
        if self.options.rules_dir:
            env["HUB_RULES_DIR"] = str(self.options.rules_dir)
        for name, arguments in (("dmp", dmp), ("issuer", issuer)):
            (self.infra.layout.logs / f"{name}.log").unlink(missing_ok=True)
            argv = [sys.executable, "-m", "hub_simulators", *map(str, arguments)]
            self.infra.supervisor.start(ProcessSpec(name, argv, env))
        for name in ("dmp", "issuer"):
            found = functools.partial(self._read_address, name)
            self.infra.supervisor.wait_until(name, found, seconds=START_SECONDS, what="address")

    def _read_address(self, name: str) -> bool:
        log = self.infra.layout.logs / f"{name}.log"
        for line in log.read_text("utf-8").splitlines() if log.exists() else ():
            if line.startswith("{") and "url" in line:
                self._addresses[name] = json.loads(line)
                return True
            if line.startswith("{") and "jwks_uri" in line:
                self._addresses[name] = json.loads(line)
                return True
        return False

    async def load_world(self) -> None:
        """The region into the services that own its parts: annuaire, accounts, certificates."""
        from hub_local.loading import load_world

        await load_world(self)

    def write_yaml(self, name: str, content: Any) -> Path:
        """A file of the region for a service's load command."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        return path

    def _start_services(self) -> None:
        for service in SERVICES:
            self.start_service(service)

    def start_service(self, service: str) -> int:
        """Start (or start again) one service; its process id."""
        package = f"hub_{service.replace('-', '_')}"
        argv = [sys.executable, "-m", package, "serve"]
        return self.infra.supervisor.start(ProcessSpec(service, argv, self.service_environment(service)))

    def stop(self) -> None:
        """Stop the hub's processes; the infrastructure goes on."""
        for name in (*reversed(SERVICES), "issuer", "dmp"):
            self.infra.supervisor.stop(name)

    def service_environment(self, service: str) -> dict[str, str]:
        """All settings of one service, as its environment."""
        infra, databases = self.infra, self.databases.services[service]
        kafka, own = infra.kafka_credential(service), infra.pki.credential(service)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
        rules = {"HUB_RULES_DIR": str(self.options.rules_dir)} if self.options.rules_dir else {}
        return {
            **kept,
            **rules,
            "HUB_DATABASE_URL": databases.worker,
            "HUB_DATABASE_API_URL": databases.api,
            "HUB_KEYRING_URL": databases.keyring,
            "HUB_KEK_FILE": str(self.home / "kek"),
            "HUB_KAFKA_BOOTSTRAP": infra.kafka_bootstrap,
            "HUB_KAFKA_CA_FILE": str(kafka.authority),
            "HUB_KAFKA_CERT_FILE": str(kafka.certificate),
            "HUB_KAFKA_KEY_FILE": str(kafka.key),
            "HUB_INTERNAL_CA_FILE": str(own.authority),
            "HUB_INTERNAL_CERT_FILE": str(own.certificate),
            "HUB_INTERNAL_KEY_FILE": str(own.key),
            "HUB_INTERNAL_PORT": str(self._ports[f"{service}-internal"]),
            "HUB_HTTP_PORT": str(self._ports.get(service, 0)),
            "HUB_TOPIC_PREFIX": self.options.topic_prefix,
            "HUB_LOG_LEVEL": self.options.log_level,
            **self._own_settings(service),
            **self.options.service_env,
        }

    def _own_settings(self, service: str) -> dict[str, str]:
        issuer = self._addresses["issuer"]
        issuers = json.dumps(
            [
                {
                    "issuer": issuer["issuer"],
                    "audience": AUDIENCE,
                    "jwks_url": issuer["jwks_uri"],
                    "algorithms": ["ES256"],
                }
            ]
        )
        match service:
            case "audit":
                return {"HUB_AUDIT_ISSUERS": issuers}
            case "gateway":
                return {
                    "HUB_GATEWAY_ISSUERS": issuers,
                    "HUB_GATEWAY_BUILDER_URL": self.internal_url("document-builder"),
                }
            case "document-builder":
                return {
                    "HUB_DOCUMENT_BUILDER_GATEWAY_URL": self.internal_url("gateway"),
                    "HUB_DOCUMENT_BUILDER_RULES_CACHE_DIR": str(self.infra.layout.rules_cache),
                }
            case "identity":
                return {"HUB_IDENTITY_BLIND_INDEX_KEY_FILE": str(self._secret("blind-index-key"))}
            case "dmp-publisher":
                return {
                    "HUB_DMP_PUBLISHER_DMP_URL": str(self._addresses["dmp"]["base_url"]),
                    "HUB_DMP_PUBLISHER_DMP_CA_FILE": str(self.home / "igc" / "trust.pem"),
                    "HUB_DMP_PUBLISHER_BUILDER_URL": self.internal_url("document-builder"),
                    "HUB_DMP_PUBLISHER_LPS_NAME": LPS["name"],
                    "HUB_DMP_PUBLISHER_LPS_VERSION": LPS["version"],
                    "HUB_DMP_PUBLISHER_LPS_OID": LPS_OID,
                    "HUB_DMP_PUBLISHER_HOMOLOGATION_NUMBER": LPS["homologation"],
                }
        return {}

    def _secret(self, name: str) -> Path:
        path = self.home / name
        if not path.exists():
            make_kek_file(path)
        return path

    async def wait_ready(self, services: tuple[str, ...] = SERVICES, seconds: float = START_SECONDS) -> None:
        """Return when these services say that they are ready."""
        async with httpx.AsyncClient(verify=self.internal_tls(), timeout=5) as client:
            await asyncio.gather(*(self._ready(client, service, seconds) for service in services))

    async def _wait_for_directory(self) -> None:
        """Return when every service has heard of all structures, professionals and memberships."""
        wanted = 3 * len(self.options.world.structures)
        async with asyncio.timeout(START_SECONDS):
            for service in SERVICES:
                connection = await asyncpg.connect(self.databases.services[service].worker)
                try:
                    while await connection.fetchval("select count(*) from directory_entry") < wanted:
                        await asyncio.sleep(0.1)
                finally:
                    await connection.close()

    async def _ready(self, client: httpx.AsyncClient, service: str, seconds: float) -> None:
        async def once() -> bool:
            try:
                return (await client.get(f"{self.internal_url(service)}/readyz")).status_code == 200
            except httpx.HTTPError:
                return False

        loop = asyncio.get_running_loop()

        def poll() -> bool:
            return asyncio.run_coroutine_threadsafe(once(), loop).result()

        await asyncio.to_thread(self.infra.supervisor.wait_until, service, poll, seconds=seconds, what="readiness")

    async def token(self, client_id: str) -> str:
        """An access token of that account."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(
                self.token_url,
                data={
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": self.options.world.secrets[client_id],
                },
            )
            answer.raise_for_status()
            return str(answer.json()["access_token"])
