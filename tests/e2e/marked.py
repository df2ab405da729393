"""The marked patient: words that occur nowhere else, the acts full of them, and the records spoilt about them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer

from hub_local.client import FINAL
from hub_local.kafka import client_context
from hub_local.stack import Stack
from hub_local.world import TEST_OID, Structure, vaccination, with_nir_key

from .ledger import Door
from .marks import Marks
from .replayed import Copy

FIRST_INS, SECOND_INS = with_nir_key("1310733063771"), with_nir_key("2310733063772")
BAD_INS = FIRST_INS[:13] + f"{int(FIRST_INS[13:]) % 97 + 1:02d}"
WORDS = {
    "birth name": "ZWXQUIMARQUE",
    "given name": "QXWILFRIDOZ",
    "used name": "WQZEPOUSAGE",
    "local number": "LOCQZ7731",
    "INS": FIRST_INS,
    "INS without key": FIRST_INS[:13],
    "second INS": SECOND_INS[:13],
    "birth date": "1931-07-09",
    "address": "rue du Zqxhêtre",
    "city": "ZQXVILLEDE",
    "phone": "0599887731",
    "batch number": "LZQX99417",
    "product": "VACCIN ZQXPRODUIT",
    "comment": "rougeur zqxcommentée",
    "title": "Note Zqxtitrée",
    "bad code": "ZQXCODEFAUX",
    "bad field": "zqxchamp",
}
MARKS = Marks(WORDS)


def patient(ins: str | None = FIRST_INS, local_id: str = "LOCQZ7731") -> dict[str, Any]:
    """The marked patient, as the LGO declares them."""
    return {
        "local_id": local_id,
        "ins": {"matricule": ins, "oid": TEST_OID} if ins else None,
        "ins_status": "qualifiee" if ins else "provisoire",
        "birth_name": "ZWXQUIMARQUE",
        "first_birth_given_name": "QXWILFRIDOZ",
        "birth_given_names": "QXWILFRIDOZ",
        "used_name": "WQZEPOUSAGE",
        "sex": "F" if ins and ins.startswith("2") else "M",
        "birth_date": "1931-07-09",
        "birth_place_code": "33063",
        "address": {"lines": ["12 rue du Zqxhêtre"], "postal_code": "33000", "city": "ZQXVILLEDE"},
        "phone": "0599887731",
    }


@dataclass(slots=True)
class Bench:
    """The hub, the LGO's door, and one structure in which all happens."""

    stack: Stack
    door: Door
    structure: Structure

    @property
    def lgo(self) -> httpx.AsyncClient:
        return self.door.client(self.structure.client_id)

    def act(self, who: dict[str, Any], **content: Any) -> dict[str, Any]:
        """An act full of marks."""
        when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        act = vaccination(self.structure, who, f"PRIV-{uuid4().hex[:12]}", when)
        act["title"] = "Note Zqxtitrée"
        act["content"]["comment"] = "Une rougeur zqxcommentée."
        act["content"]["vaccine"] |= {"name": "VACCIN ZQXPRODUIT", "lot_number": "LZQX99417"}
        act["content"] |= content
        act["content"]["vaccine"]["cis"] = f"{60_000_000 + uuid4().int % 9_999_999}"  # one a product and day
        return act

    async def publish(self, act: dict[str, Any]) -> str:
        answer = await self.door.insist(self.lgo, "/v1/acts", act)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["act_id"])

    async def until(self, act_id: str, state: str) -> dict[str, Any]:
        async with asyncio.timeout(120):
            while (act := (await self.lgo.get(f"/v1/acts/{act_id}")).json())["state"] != state:
                assert act["state"] not in FINAL, (act["state"], act["code"])
                await asyncio.sleep(0.3)
        found: dict[str, Any] = act
        return found

    async def declare(self, kind: str, who: dict[str, Any]) -> str:
        body = {
            "kind": kind, "structure": self.structure.national_id, "author": {"id": self.structure.author.id},
            "patient": who,
        }  # fmt: skip
        answer = await self.door.insist(self.lgo, "/v1/patients/declarations", body)
        path = f"/v1/patients/declarations/{answer.json()['declaration_id']}"
        async with asyncio.timeout(60):
            while (state := (await self.lgo.get(path)).json()["state"]) == "recue":
                await asyncio.sleep(0.2)
        return str(state)


def spoilt(record: Copy) -> list[Copy]:
    """The record spoilt in every way, each time under a new event id."""
    value, headers = record.value or b"", dict(record.headers)
    event = json.loads(value)
    sealed = str(event["sealed_act"])
    middle = len(sealed) // 2
    altered = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]

    def version(new_value: bytes, **changed: bytes | None) -> Copy:
        new = {**headers, "ce_id": str(uuid4()).encode(), **changed}
        return replace(record, value=new_value, headers=tuple((n, v) for n, v in new.items() if v is not None))

    return [
        version(value[: len(value) // 2]),
        version(b"not json \xff\xfe"),
        version(json.dumps(event | {"sealed_act": altered}).encode()),
        version(json.dumps(event | {"sealed_act": "20200101.AAAA.AAAA"}).encode()),
        version(json.dumps({k: v for k, v in event.items() if k != "structure_id"}).encode()),
        version(value, ce_time=None),
        version(value, ce_actversion=b"many"),
        version(value, ce_type=b"act.unheard-of.v1"),
    ]


async def write(stack: Stack, principal: str, records: list[Copy]) -> None:
    credential = stack.infra.kafka_admin if principal == "admin" else stack.infra.kafka_credential(principal)
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.infra.kafka_bootstrap, security_protocol="SSL", ssl_context=client_context(credential)
    )
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(record.topic, record.value, record.key, headers=list(record.headers))
    finally:
        await producer.stop()
