"""The infrastructure a hub needs, as one object: started here, or an existing broker and database used instead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hub_kit.clock import Clock, SystemClock
from hub_local import databases, kafka, ports, topics
from hub_local.errors import SettingsRefused
from hub_local.layout import DATA_DIR_VARIABLE, JAR_CACHE_VARIABLE, LOCK_WAIT_SECONDS, Layout
from hub_local.pki import ADMIN, Credential, InternalPki
from hub_local.postgres import NAME as POSTGRES
from hub_local.postgres import LocalPostgres
from hub_local.supervisor import Supervisor

KAFKA_VARIABLE = "HUB_KAFKA_BOOTSTRAP"
KAFKA_CA_VARIABLE = "HUB_KAFKA_CA"
KAFKA_ADMIN_CERT_VARIABLE = "HUB_KAFKA_ADMIN_CERT"
KAFKA_ADMIN_KEY_VARIABLE = "HUB_KAFKA_ADMIN_KEY"
KAFKA_CERT_DIR_VARIABLE = "HUB_KAFKA_CERT_DIR"
DATABASE_VARIABLE = "HUB_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class ExistingKafka:
    """A cluster that is already there: its address, its CA, the administrator's certificate, the services' directory.

    `certificates` holds `<service>.pem` and `<service>.key`; without it services show the local PKI's certificates.
    """

    bootstrap: str
    admin: Credential
    certificates: Path | None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self | None:
        """None when HUB_KAFKA_BOOTSTRAP isn't set. Raises SettingsRefused when it is and the others are not."""
        bootstrap = environ.get(KAFKA_VARIABLE)
        if not bootstrap:
            return None
        needed = (KAFKA_CA_VARIABLE, KAFKA_ADMIN_CERT_VARIABLE, KAFKA_ADMIN_KEY_VARIABLE)
        missing = [name for name in needed if not environ.get(name)]
        if missing:
            raise SettingsRefused(f"{KAFKA_VARIABLE} is set: set {', '.join(missing)} too (PEM files)")
        authority, certificate, key = (Path(environ[name]) for name in needed)
        folder = environ.get(KAFKA_CERT_DIR_VARIABLE)
        return cls(bootstrap, Credential(ADMIN, certificate, key, authority), Path(folder) if folder else None)


class LocalInfra:
    """Kafka and PostgreSQL, ready to use between `start` and `stop` (or inside a `with`).

    One supervisor holds a data directory; `supervisor` may be given further processes, which stop before these two.
    `shared=True` attaches to what HUB_KAFKA_BOOTSTRAP and HUB_DATABASE_URL name (see `environment`) without holding the
    data directory, as several test workers may at once. Raises SettingsRefused when these aren't set.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        shared: bool = False,
    ) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._clock = clock or SystemClock()
        self.layout = layout or Layout.from_environment(self._environ)
        self.pki = InternalPki(self.layout.pki)
        self.kafka: kafka.LocalKafka | None = None
        self.postgres: LocalPostgres | None = None
        self._existing_kafka = ExistingKafka.from_environment(self._environ)
        self._existing_database = self._environ.get(DATABASE_VARIABLE) or None
        self._shared = shared
        if shared and not (self._existing_kafka and self._existing_database):
            raise SettingsRefused(f"to attach, {KAFKA_VARIABLE} and {DATABASE_VARIABLE} must both be set")
        self._supervisor: Supervisor | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start what isn't given from outside; returns when both answer. On any failure nothing is left running.

        Raises LocalError subclasses: AlreadyRunning, JarsRefused, ProcessFailed, DataDirectoryError.
        """
        self.layout.create()
        try:
            if not self._shared:
                self._lock = self.layout.acquire_lock(wait=LOCK_WAIT_SECONDS)
                self._write_run()
            self.pki.ensure(self._clock.now())
            self._supervisor = Supervisor(self.layout.logs, self._lock)
            self._start_servers(self._supervisor)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every process of the supervisor, the last started first. Does nothing when nothing runs."""
        if self._supervisor is not None:
            self._supervisor.close()
            self._supervisor = None
        if self.postgres is not None:
            self.postgres.release()
            self.postgres = None
        self.kafka = None
        if self._lock is not None:
            self.layout.update_state(run=None)
            os.close(self._lock)
            self._lock = None

    def announce_ready(self, **facts: Any) -> None:
        """Say in `state.json` that this run is complete, with the processes added to the supervisor since and whatever
        else whoever reads it should know (JSON values; no secret is needed there). `stop` removes them again.
        """
        processes = {name: child.pid for name, child in self.supervisor.status().items()}
        keeper = self.supervisor.keeper_pid
        self._write_run(
            ready=True, keeper_pid=keeper, kafka_bootstrap=self.kafka_bootstrap, processes=processes, **facts
        )

    @property
    def supervisor(self) -> Supervisor:
        """For further processes of this run. Raises RuntimeError when not started."""
        if self._supervisor is None:
            raise RuntimeError("LocalInfra is not started")
        return self._supervisor

    @property
    def database_admin_url(self) -> str:
        """DSN of the database administrator (contains the password: don't log it)."""
        if self._existing_database:
            return self._existing_database
        if self.postgres is None:
            raise RuntimeError("LocalInfra is not started")
        return self.postgres.admin_url

    @property
    def kafka_bootstrap(self) -> str:
        """`host:port` of the broker."""
        if self._existing_kafka:
            return self._existing_kafka.bootstrap
        if self.kafka is None:
            raise RuntimeError("LocalInfra is not started")
        return self.kafka.bootstrap

    @property
    def kafka_admin(self) -> Credential:
        """The certificate that administers Kafka."""
        return self._existing_kafka.admin if self._existing_kafka else self.pki.credential(ADMIN)

    def kafka_credential(self, service: str) -> Credential:
        """The certificate that service shows to Kafka."""
        existing = self._existing_kafka
        if existing is None:
            return self.pki.credential(service)
        if existing.certificates is None:
            own = self.pki.credential(service)
            return Credential(service, own.certificate, own.key, existing.admin.authority)
        folder = existing.certificates
        return Credential(service, folder / f"{service}.pem", folder / f"{service}.key", existing.admin.authority)

    def reconcile_topics(self, prefix: str = "", replication_factor: int = 1) -> topics.Reconciliation:
        """Bring topics and permissions to what the topic files declare (blocking; see `topics.reconcile`)."""
        client = kafka.admin_client(self.kafka_bootstrap, self.kafka_admin)
        try:
            return topics.reconcile(client, prefix=prefix, replication_factor=replication_factor)
        finally:
            client.close()

    async def provision_databases(
        self, name: str = databases.HUB, keyring: str = databases.KEYRING
    ) -> databases.HubDatabases:
        """Roles, both databases, schemas and privileges (see `databases.provision`)."""
        return await databases.provision(self.database_admin_url, self.passwords_file, name=name, keyring=keyring)

    async def clone_databases(
        self, template: databases.HubDatabases, *, name: str, keyring: str
    ) -> databases.HubDatabases:
        """Fresh copies of both databases (see `databases.clone`)."""
        return await databases.clone(self.database_admin_url, self.passwords_file, template, name=name, keyring=keyring)

    @property
    def passwords_file(self) -> Path:
        """Where the roles' generated passwords are kept."""
        return self.layout.secrets / "database-roles.json"

    def environment(self) -> dict[str, str]:
        """Variables with which another process of this machine attaches to this infrastructure instead of starting one.

        They hold the database administrator's password: pass them to test workers only.
        """
        admin = self.kafka_admin
        folder = self._existing_kafka.certificates if self._existing_kafka else self.layout.pki
        return {
            DATA_DIR_VARIABLE: str(self.layout.data),
            JAR_CACHE_VARIABLE: str(self.layout.jar_cache),
            KAFKA_VARIABLE: self.kafka_bootstrap,
            KAFKA_CA_VARIABLE: str(admin.authority),
            KAFKA_ADMIN_CERT_VARIABLE: str(admin.certificate),
            KAFKA_ADMIN_KEY_VARIABLE: str(admin.key),
            **({KAFKA_CERT_DIR_VARIABLE: str(folder)} if folder else {}),
            DATABASE_VARIABLE: self.database_admin_url,
        }

    def _start_servers(self, supervisor: Supervisor) -> None:
        """Both at once: the broker takes seconds to start, the database makes its files the first time."""
        wanted = ports.pick_ports(
            (kafka.INTERNAL_PORT, kafka.CONTROLLER_PORT, POSTGRES), self.layout.read_state().get("ports")
        )
        if self._existing_database is None:
            self.postgres = LocalPostgres(self.layout, supervisor, wanted[POSTGRES])
        if self._existing_kafka is None:
            self.kafka = kafka.LocalKafka(self.layout, supervisor, self.pki, wanted)
            self.kafka.prepare()
        servers = [server for server in (self.postgres, self.kafka) if server is not None]
        with ThreadPoolExecutor(max_workers=2) as pool:
            starting = [pool.submit(server.start) for server in servers]
            try:
                for each in starting:
                    each.result()
            except BaseException:
                supervisor.close()  # the other thread's next question fails at once
                raise
        if servers:
            self.layout.update_state(ports=wanted)

    def _write_run(self, **facts: Any) -> None:
        """Say what runs; a process that only attached leaves `state.json` alone."""
        if self._lock is not None:
            self.layout.update_state(run={"pid": os.getpid()} | facts)
