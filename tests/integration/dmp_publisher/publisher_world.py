"""dmp-publisher with a strict simulated DMP over real mutual TLS, a document-builder's bytes, and a real database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from hub_contracts.envelope import Envelope
from hub_contracts.events import Event
from hub_contracts.events.alimentation import AlimentationRenewed
from hub_contracts.events.consent import OppositionRecorded
from hub_contracts.events.directory import (
    DatedIdentifier,
    Exercise,
    PostalAddress,
    ProfessionalPublished,
    StructurePublished,
)
from hub_contracts.events.document import DocumentBuilt
from hub_contracts.sealed import QualifiedIdentity, SealedEntry, SealedPerson
from hub_contracts.states import Stage
from hub_dmp_publisher import app, consumers
from hub_dmp_publisher.commands import import_identity
from hub_dmp_publisher.handlers import Publish, Stops
from hub_dmp_publisher.identities import Kind
from hub_dmp_publisher.settings import Settings
from hub_interop import cda
from hub_interop.ins import nir_key
from hub_kit.blobs import NewBlob, content_ref
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Route
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.runner import Bench
from hub_kit.messaging.upkeep import Upkeep
from hub_kit.messaging.worker import Runner, build_runners
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer, seal_place
from hub_kit.service import Resources
from hub_kit.telemetry.health import Health, HealthReport
from hub_kit.telemetry.metrics import Metrics
from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import DmpSimulator
from hub_simulators.dmp.behaviours import Action, Behaviour
from hub_simulators.pki import TestPki

LPS_OID = "1.2.250.1.999.1.42"
STRUCT_ID = "1330000001"
PHARMACY = UUID(int=0x1330000001)
AUTHOR_ID = "801234567897"
INS_OID = "1.2.250.1.213.1.4.10"
PATIENT_MATRICULE = "279035121518989"


class WorldClock:
    """The kit's clock on the simulator's: moved together, `skew` apart."""

    def __init__(self, base: OffsetClock) -> None:
        self.base = base
        self.elapsed = 0.0
        self.skew = timedelta()

    def now(self) -> datetime:
        return self.base.now() + self.skew

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the publisher never sleeps")

    def advance(self, seconds: float) -> None:
        self.base.offset += timedelta(seconds=seconds)
        self.elapsed += abs(seconds)  # a monotonic clock never goes back


class Documents:
    """document-builder's internal address: bytes by content id; `status` makes it answer otherwise."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.status = 200
        self.asked = 0

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        self.asked += 1
        body = self.kept.get(scope["path"].rpartition("/")[2], b"")
        status = self.status if body else 404
        headers = [(b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def publisher_settings(folder: Path, pki: TestPki, dsn: str, dmp_url: str, builder_url: str) -> Settings:
    """Settings with short times."""
    internal = pki.structure("1990000001")
    return Settings(
        database_url=SecretStr(dsn),
        kek_file=folder / "kek",
        internal_ca_file=pki.trust_file,
        internal_cert_file=internal.auth.certificate,
        internal_key_file=internal.auth.key,
        dmp_url=dmp_url,
        dmp_ca_file=pki.trust_file,
        lps_oid=LPS_OID,
        lps_name="HUB DE TEST",
        lps_version="0.1",
        homologation_number=SecretStr("DCP-000001-tmp1"),
        builder_url=builder_url,
        connect_timeout_seconds=2,
        td02_timeout_seconds=2,
        td31b_timeout_seconds=2,
        td21_timeout_seconds=2,
        builder_timeout_seconds=2,
        breaker_failures=6,
    )


def make_resources(pool: Any, keyring: Any, wrapper: FileKeyWrapper, clock: WorldClock) -> Resources:
    """What the kit gives a service."""
    sealer = Sealer(TransitKeys(keyring.acquire, wrapper))
    outbox = Outbox(stream="hub.publication", seals=sealer, new_id=lambda: uuid7(clock))
    metrics = Metrics(process=False)
    return Resources(
        clock=clock, pool=pool, api_pool=pool, keys=wrapper, sealer=sealer, outbox=outbox, directory=Directory(),
        metrics=metrics, health=Health(clock, metrics), wake_relay=lambda: None,
    )  # fmt: skip


@dataclass
class World:
    """The running parts, driven by hand."""

    resources: Resources
    clock: WorldClock
    settings: Settings
    simulator: DmpSimulator
    documents: Documents
    pki: TestPki
    connections: app.Connections = field(init=False)
    publish: Publish = field(init=False)
    routes: Sequence[Route] = field(init=False)
    runners: dict[str, Runner] = field(init=False)
    wakes: list[set[str]] = field(default_factory=list)
    _days: int = 0

    def __post_init__(self) -> None:
        self._start()

    async def restart(self) -> None:
        """A new process: nothing in memory survives."""
        await self.close()
        self._start()

    def _start(self) -> None:
        self.connections = app.connect(self.settings, self.resources)
        self.publish = app.publisher(self.settings, self.resources, self.connections)
        self.routes = consumers.table(self.settings, self.publish, Stops())
        self.runners = {runner.name: runner for runner in build_runners(self.bench(), self.routes)}

    def bench(self) -> Bench:
        async def prepare() -> None:
            await self.resources.sealer.ready(self.clock.now())

        return Bench(
            self.resources.pool, self.resources.outbox, self.clock, Stage.PUBLICATION, lambda: None,
            self.resources.new_id, prepare, self.resources.metrics,
        )  # fmt: skip

    @property
    def pool(self) -> Any:
        return self.resources.pool

    async def close(self) -> None:
        await self.connections.transport.close()
        await self.connections.documents.close()

    async def publish_directory(self, *events: Event) -> None:
        """As the directory's consumer would."""
        directory = self.resources.directory
        taken = [
            Taken(e, Record("hub.directory", 0, 0, e.key.encode(), e.headers(), e.data))
            for e in map(self.envelope, events)
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            await directory.sink(connection, taken, self.clock.now())
        directory.after_commit()

    async def give_identity(self, structure: UUID, struct_id: str, label: str = "", **dates: datetime) -> None:
        """Issue and import both certificates of a structure."""
        issued = self.pki.issue_structure(struct_id, "PHARMACIE DE TEST", label=label, **dates)  # type: ignore[arg-type]
        pems = {
            Kind.AUTH: (issued.auth.certificate.read_bytes(), issued.auth.key.read_bytes()),
            Kind.SIGN: (issued.sign.certificate.read_bytes(), issued.sign.key.read_bytes()),
        }
        async with self.pool.acquire() as connection:
            await import_identity(connection, self.resources.keys, self.clock, structure, struct_id, pems)

    def envelope(self, event: Event) -> Envelope:
        return Envelope(
            id=uuid7(self.clock), type=event.event_type, source="test", time=self.clock.now(), key=event.key,
            data=event.model_dump_json().encode(), sequence=1, act_version=event.act_version, lane=event.lane,
        )  # fmt: skip

    async def deliver(self, stream: str, *events: Event) -> None:
        inbox = WorkInbox(self.routes, self.wakes.append)
        taken = [
            Taken(e, Record(stream, 0, i, e.key.encode(), e.headers(), e.data))
            for i, e in enumerate(map(self.envelope, events))
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            await inbox(connection, taken, self.clock.now())
        inbox.after_commit()

    async def note(self, **changes: Any) -> DocumentBuilt:
        """A document built, its bytes kept by document-builder; each of another day, so that none is a duplicate."""
        return await note(self, **changes)

    async def built(self, **changes: Any) -> DocumentBuilt:
        """A document built and delivered."""
        event = await self.note(**changes)
        await self.deliver("hub.document", event)
        return event

    async def oppose(self, patient_id: UUID) -> None:
        event = OppositionRecorded(
            patient_id=patient_id, structure_id=PHARMACY, declaration_id=uuid4(), opposition_id=uuid4(),
            author_id=AUTHOR_ID, revision=1, recorded_at=self.clock.now(),
        )  # fmt: skip
        await self.deliver("hub.consent", event)
        await self.turn("stop")

    async def renew(self, event: DocumentBuilt, valid_until: datetime) -> None:
        renewed = AlimentationRenewed(
            act_id=event.act_id, version=event.version, structure_id=event.structure_id, patient_id=event.patient_id,
            decision_id=uuid4(), valid_until=valid_until,
            versions={"alimentation_matrix": "t", "oppositions_revision": 0},
        )  # fmt: skip
        await self.deliver("hub.alimentation", renewed)

    async def turn(self, handler: str = "publish") -> int:
        """Work on what is due, once."""
        upkeep = Upkeep(pool=self.pool, clock=self.clock, metrics=self.resources.metrics, wake=self.wakes.append)
        await upkeep.wake_due()
        runner = self.runners[handler]
        claimed = await runner.run_once()
        if hasattr(runner, "drain"):
            await runner.drain()
        return claimed

    def script(self, action: Action, operation: str | None = "td2.1", **more: Any) -> None:
        self.simulator.script.add(Behaviour(action=action, operation=operation, **more))

    async def told(self, act_id: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Events sent, in order: (type without its version, data)."""
        rows = await self.pool.fetch("select key, type, data from outbox order by id")
        return [
            (r["type"].removesuffix(".v1"), json.loads(r["data"]))
            for r in rows
            if act_id is None or r["key"] == str(act_id)
        ]

    async def status(self, act_id: UUID) -> str:
        return str(await self.pool.fetchval("select status from publication where act_id = $1", act_id))

    def stored(self, unique_id: str) -> int:
        """How many documents the DMP holds under that identifier."""
        return sum(
            1
            for e in self.simulator.engine.store.listing(0, 1000, kind="document", ins=None)
            if e.unique_id == unique_id
        )

    async def health(self) -> HealthReport:
        """A fresh report of the service's own checks."""
        health = Health(self.clock, keep_seconds=0)
        app.watch(replace(self.resources, health=health), self.connections)
        return await health.report()

    async def set_patient(self, ins: str, **changes: str) -> None:
        """Through the simulator's control plane."""
        async with httpx.AsyncClient(base_url=self.simulator.control_url) as client:
            (await client.put(f"/patients/{ins}", json=changes)).raise_for_status()

    def operations(self) -> list[str]:
        """Transactions received, in order."""
        return [str(record.operation) for record in self.simulator.recorder.listing()]


def pharmacy(structure_id: UUID = PHARMACY, struct_id: str = STRUCT_ID, **changes: Any) -> StructurePublished:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "structure_id": structure_id, "identifiers": (DatedIdentifier(value=struct_id, since=since),),
        "name": "PHARMACIE DE TEST", "sector": "SA33", "practice_setting": "AMBULATOIRE", "address": PostalAddress(),
    }  # fmt: skip
    return StructurePublished(**(values | changes))


def pharmacist(structure_id: UUID = PHARMACY, professional_id: str = AUTHOR_ID, **changes: Any) -> Event:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "professional_id": professional_id, "family_name": "TESTOFFICINE", "given_name": "Camille",
        "profession": "21", "subsection": "A", "exercises": (Exercise(structure_id=structure_id, since=since),),
    }  # fmt: skip
    return ProfessionalPublished(**(values | changes))


IDENTITY = QualifiedIdentity(
    matricule=PATIENT_MATRICULE, oid=INS_OID, birth_name="PAT-TROIS", birth_given_names="DOMINIQUE MARIE-LOUISE",
    first_birth_given_name="DOMINIQUE", used_name=None, used_given_name=None, sex="F", birth_date="1979-03-28",
    birth_place_code="51215", local_id="PAT-42",
)  # fmt: skip


def other_patient(number: int) -> QualifiedIdentity:
    """Another invented patient."""
    thirteen = f"27903512{number:05d}"
    return IDENTITY.model_copy(update={"matricule": thirteen + nir_key(thirteen)})


def _document(
    event_oid: str, identity: QualifiedIdentity, struct_id: str, start: datetime, created: datetime
) -> tuple[bytes, UUID]:
    author = cda.Author(
        cda.Professional(AUTHOR_ID, "TESTOFFICINE", "Camille", "G15_21/A"),
        cda.Organisation(struct_id, "PHARMACIE DE TEST", "SA33", "AMBULATOIRE"),
    )
    patient = cda.PatientIdentity(
        matricule=identity.matricule, oid=identity.oid, birth_name=identity.birth_name,
        first_birth_given_name=identity.first_birth_given_name, birth_given_names=identity.birth_given_names,
        sex=identity.sex, birth_date=identity.birth_date, birth_place_code=identity.birth_place_code,
        local_id=identity.local_id, local_oid=f"{LPS_OID}.2",
    )  # fmt: skip
    header = cda.DocumentHeader(
        unique_id=event_oid, set_id=f"{event_oid}.1", version=1, kind="87273-9", title="Note de vaccination",
        created_at=created, patient=patient, authors=(author,), performer=author, service_start=start,
        service_stop=start + timedelta(minutes=20),
    )  # fmt: skip
    vaccine = cda.Vaccine("VACCIN DE TEST", "68747507", "J07AM", "vaccins tétaniques", "LOTTEST01")
    note = cda.VaccinationNote(uuid4(), uuid4(), start.date(), "IMMUNIZ", vaccine)
    return cda.build_document(header, note), note.vaccination_id


async def note(
    world: World, *, identity: QualifiedIdentity = IDENTITY, struct_id: str = STRUCT_ID, **changes: Any
) -> DocumentBuilt:
    """See World.note."""
    world._days += 1
    now = world.clock.now().replace(microsecond=0)
    start = now - timedelta(days=world._days)
    act_id = uuid4()
    unique_id = f"{LPS_OID}.4.{act_id.int}"
    content, vaccination_id = _document(unique_id, identity, struct_id, start, now - timedelta(seconds=5))
    ref = content_ref(NewBlob(uuid4(), content, "text/xml"))
    world.documents.kept[str(ref.id)] = content
    await world.resources.sealer.ready(world.clock.now())
    person = SealedPerson(
        id=AUTHOR_ID, family_name="TESTOFFICINE", given_name="Camille", specialty="G15_21/A", structure_id=struct_id,
        structure_name="PHARMACIE DE TEST",
    )  # fmt: skip
    entry = SealedEntry(
        identity=identity, local_oid=f"{LPS_OID}.2", title="Note de vaccination", language="fr-FR",
        format="urn:asip:ci-sis:vac-note:2021", creation_time=now - timedelta(seconds=5), service_start=start,
        service_stop=start + timedelta(minutes=20), authors=(person,), legal_authenticator=person, facility="SA33",
        practice_setting="AMBULATOIRE", confidentiality=("N",), vaccination_id=str(vaccination_id),
    )  # fmt: skip
    values: dict[str, Any] = {
        "act_id": act_id, "version": 1, "structure_id": PHARMACY, "patient_id": uuid4(),
        "document_unique_id": unique_id, "document_type": "87273-9", "act_type": "vaccination",
        "author_id": AUTHOR_ID, "occurred_at": start, "content": ref, "rules_checked": (),
        "expires_at": now + timedelta(days=30), "valid_until": now + timedelta(hours=24),
        "sealed_entry": world.resources.sealer.seal(entry, seal_place("sealed_entry", str(act_id))),
    }  # fmt: skip
    return DocumentBuilt(**(values | changes))
