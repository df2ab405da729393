"""The gateway on a real database, under its real roles, with two accounts, two structures and an issuer of tokens."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from hub_contracts.acts import Act, Patient
from hub_contracts.envelope import Envelope
from hub_contracts.events import Event
from hub_contracts.events.directory import (
    DatedIdentifier,
    Exercise,
    Mode,
    PostalAddress,
    ProfessionalPublished,
    StructurePublished,
)
from hub_gateway.api.examples import ACT, PATIENT
from hub_gateway.handlers.stuck import StuckWatch
from hub_kit.clock import ManualClock
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.local import LocalRunner
from hub_kit.messaging.model import Route
from hub_kit.messaging.runner import Bench
from hub_kit.service import Resources

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SOLD = datetime(2026, 6, 1, tzinfo=UTC)
ISSUER, AUDIENCE = "https://issuer.test", "https://hub.test"
PHARMACY, FORMER, CABINET, SCHOOL = (UUID(int=n) for n in (0x101, 0x102, 0x103, 0x104))
PHARMACY_ID, CABINET_ID, SCHOOL_ID = "1330000001", "1330000002", "1330000003"
PHARMACIST, NURSE = "801234567897", "802345678904"
ALL_SCOPES = "acts:write acts:read patients:declare"


def structure(
    structure_id: UUID,
    national_id: str,
    since: datetime = SINCE,
    until: datetime | None = None,
    mode: Mode = Mode.PRODUCTION,
) -> StructurePublished:
    """A structure that wears one identifier from `since` to `until`."""
    return StructurePublished(
        structure_id=structure_id, identifiers=(DatedIdentifier(value=national_id, since=since, until=until),),
        name="OFFICINE", sector="SA33", practice_setting="AMBULATOIRE", address=PostalAddress(), mode=mode,
    )  # fmt: skip


def professional(professional_id: str, *structures: UUID) -> ProfessionalPublished:
    """Who works in these structures since 2020."""
    return ProfessionalPublished(
        professional_id=professional_id, family_name="MARTIN", given_name="LÉA", profession="21",
        exercises=tuple(Exercise(structure_id=s, since=SINCE) for s in structures),
    )  # fmt: skip


DIRECTORY: tuple[Event, ...] = (
    structure(PHARMACY, PHARMACY_ID, SOLD),
    structure(FORMER, PHARMACY_ID, SINCE, SOLD),  # the pharmacy was sold: its identifier went on
    structure(CABINET, CABINET_ID),
    structure(SCHOOL, SCHOOL_ID, mode=Mode.EXERCISE),
    professional(PHARMACIST, PHARMACY, FORMER, SCHOOL),
    professional(NURSE, CABINET),
)
ACCOUNTS = f"""
accounts:
  - client_id: lgo-officine
    issuer: {ISSUER}
    name: LGO Officine
    memberships:
      - {{structure: "{PHARMACY_ID}", scopes: [acts:write, acts:read, "patients:declare"], since: 2026-01-01T00:00:00Z}}
      - {{structure: "{SCHOOL_ID}", scopes: [acts:write, acts:read], since: 2026-01-01T00:00:00Z}}
  - client_id: lgc-cabinet
    name: LGC Cabinet
    memberships:
      - {{structure_id: {CABINET}, scopes: [acts:write, acts:read], since: 2026-01-01T00:00:00Z}}
      - {{structure_id: {PHARMACY}, scopes: [acts:read], since: 2026-01-01T00:00:00Z}}
"""


def act(external_id: str = "A-1", **changes: Any) -> dict[str, Any]:
    """A good act of the pharmacy; `changes` replace top-level fields."""
    document = copy.deepcopy(ACT)
    document.update(external_id=external_id, structure=PHARMACY_ID, author={"id": PHARMACIST})
    document.update({"occurred_at": (START - timedelta(minutes=5)).isoformat(), **changes})
    return document


def patient(**changes: Any) -> dict[str, Any]:
    """The invented patient; `changes` replace fields."""
    return {**copy.deepcopy(PATIENT), **changes}


@dataclass
class Issuer:
    """Signs access tokens as the configured issuer does."""

    folder: Path
    clock: ManualClock
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", parameters={"kid": "k1"}))

    @property
    def jwks(self) -> Path:
        path = self.folder / "jwks.json"
        path.write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        return path

    def token(self, client_id: str = "lgo-officine", scope: str = ALL_SCOPES, **claims: Any) -> str:
        now = int(self.clock.now().timestamp())
        content = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": client_id, "client_id": client_id, "iat": now, "exp": now + 86_400,
            "jti": "t", "scope": scope, **claims,
        }  # fmt: skip
        return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": "k1"}, content, self.key)


@dataclass
class World:
    """The running gateway, driven by hand."""

    app: FastAPI
    client: httpx.AsyncClient
    resources: Resources
    bench: Bench
    routes: Sequence[Route]
    clock: ManualClock
    issuer: Issuer
    admin: Any
    woken: list[int]
    stuck: StuckWatch
    sequences: dict[str, int] = field(default_factory=dict)

    def headers(self, client_id: str = "lgo-officine", scope: str = ALL_SCOPES, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(client_id, scope)}", **more}

    async def post(self, document: Any, path: str = "/v1/acts", client_id: str = "lgo-officine", **more: str) -> Any:
        return await self.client.post(path, json=document, headers=self.headers(client_id, **more))

    async def get(self, path: str, client_id: str = "lgo-officine", **params: Any) -> Any:
        return await self.client.get(path, params=params, headers=self.headers(client_id))

    async def accept(self, external_id: str = "A-1", **changes: Any) -> UUID:
        answer = await self.post(act(external_id, **changes))
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["act_id"])

    def envelope(self, event: Event, *, sequence: int | None = None, at: datetime | None = None) -> Envelope:
        """As the relay of the event's service would make it."""
        key = f"{event.key}/{getattr(event, 'stage', event.event_type.partition('.')[0])}"
        self.sequences[key] = number = sequence if sequence is not None else self.sequences.get(key, 0) + 1
        moment = at or self.clock.now()
        return Envelope(
            id=uuid7(moment), type=event.event_type, source="test", time=moment, key=event.key,
            data=event.model_dump_json().encode(), sequence=number, act_version=event.act_version, lane=event.lane,
        )  # fmt: skip

    async def hear(self, *events: Event | Envelope, stream: str | None = None) -> None:
        """These events come in and are handled."""
        envelopes = [e if isinstance(e, Envelope) else self.envelope(e) for e in events]
        streams = {r.model.event_type: r.stream for r in reversed(self.routes)}
        taken = [
            Taken(e, Record(stream or streams[e.type], 0, i, e.key.encode(), e.headers(), e.data))
            for i, e in enumerate(envelopes)
        ]
        inbox = WorkInbox(self.routes, lambda _handlers: None)
        async with self.resources.pool.acquire() as connection, connection.transaction():
            await inbox(connection, taken, self.clock.now())
        await self.work()

    async def work(self) -> None:
        """Handle what is ready, until nothing is."""
        for handler in {r.handler.name: r.handler for r in self.routes}.values():
            models = [r.model for r in self.routes if r.handler.name == handler.name]
            runner = LocalRunner(self.bench, handler, models)
            while await runner.run_once():
                pass

    async def outbox(self, event_type: str) -> list[dict[str, Any]]:
        rows = await self.admin.fetch("select * from outbox where type = $1 order by id", event_type)
        return [{**dict(row), "event": json.loads(row["data"])} for row in rows]

    async def publish(self, *events: Event) -> None:
        """Directory entries, as the kit's consumer would keep them."""
        await self.admin.executemany(
            "insert into directory_entry (key, type, time, data) values ($1, $2, $3, $4::jsonb) "
            "on conflict (key) do update set time = excluded.time, data = excluded.data",
            [(e.key, e.event_type, self.clock.now(), e.model_dump_json()) for e in events],
        )


def opened(model: type[Act] | type[Patient], document: dict[str, Any]) -> Act | Patient:
    """The document as the contracts read it."""
    return model.model_validate(document)
