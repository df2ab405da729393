"""The marked patient: words that occur nowhere else, acts of every type full of them, records spoilt about them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer

from hub_local import documents
from hub_local.client import FINAL
from hub_local.kafka import client_context
from hub_local.stack import Stack
from hub_local.world import TEST_OID, Structure, vaccination, with_nir_key

from . import supplied_files as files
from .ledger import Door
from .marks import Marks
from .replayed import Copy

FIRST_INS, SECOND_INS = with_nir_key("1310733063771"), with_nir_key("2310733063772")
BAD_INS = FIRST_INS[:13] + f"{int(FIRST_INS[13:]) % 97 + 1:02d}"
WORDS = {
    "birth name": "ZWXQUIMARQUE",
    "given name": "QXWILFRIDOZ",
    "used name": "WQZEPOUSAGE",
    "used given name": "WQZPRENOM",
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
    "treatment": "Zqxtraitement 5 mg",
    "advice": "conseil zqxdonné",
    "finding": "Zqxproblème rénal",
    "kit": "TEST ZQXTROUSSE",
    "care": "Pansement zqxcomplexe",
    "nursing problem": "Zqxchute redoutée",
    "file": "Courrier zqxfourni",
    "representative": "ZWXTUTRICE",
    "representative's phone": "0599446622",
    "recipient": "ZWXDESTINATAIRE",
    "device": "ZQXTENSIOMETRE",
    "bad code": "ZQXCODEFAUX",
    "bad field": "zqxchamp",
}
MARKS = Marks(WORDS)
PERSON = {"birth name", "given name", "used name", "local number", "INS", "INS without key"}
PERSON |= {"address", "city", "phone", "title"}
AROUND = PERSON | {"representative", "representative's phone", "recipient", "device"}


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
        "used_given_name": "WQZPRENOM",
        "sex": "F" if ins and ins.startswith("2") else "M",
        "birth_date": "1931-07-09",
        "birth_place_code": "33063",
        "address": {"lines": ["12 rue du Zqxhêtre"], "postal_code": "33000", "city": "ZQXVILLEDE"},
        "phone": "0599887731",
    }


def report(kind: str) -> dict[str, Any]:
    """The content of an act of that type, full of marks."""
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    treatment = {"name": "Zqxtraitement 5 mg", "posology": "1 le soir"}
    match kind:
        case "entretien_pharmaceutique":
            return documents.interview() | {"treatments": [treatment], "advice": ["Un conseil zqxdonné."]}
        case "bilan_medication":
            finding = {"problem": "Zqxproblème rénal", "seriousness": "majeur"}
            return documents.medication_review() | {"treatments": [treatment], "findings": [finding]}
        case "trod":
            kit = {"name": "TEST ZQXTROUSSE", "lot_number": "LZQX99417"}
            return documents.rapid_test(when) | {"kit": kit, "conclusion": "Un conseil zqxdonné."}
        case "soins_infirmiers":
            return documents.nursing_care(when) | {"care": [{"label": "Pansement zqxcomplexe"}]}
        case "bilan_soins_infirmiers":
            problem = {"problem": "Zqxchute redoutée", "objective": "Aucune chute"}
            return documents.nursing_assessment() | {"problems": [problem]}
    return files.inline(files.TEXT, b"Courrier zqxfourni pour ZWXQUIMARQUE.\n")


@dataclass(slots=True)
class Bench:
    """The hub, the LGO's door, one structure in which all happens but nurses' acts, the services' TMPDIR."""

    stack: Stack
    door: Door
    structure: Structure
    temporary: Path
    since: float = field(default_factory=time.time)

    @property
    def rules_cache(self) -> Path:
        return self.stack.infra.layout.rules_cache

    @property
    def lgo(self) -> httpx.AsyncClient:
        return self.door.client(self.structure.client_id)

    @property
    def cabinet(self) -> Structure:
        return self.stack.options.world.structures[-1]

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

    def typed(self, kind: str, content: dict[str, Any], who: dict[str, Any] | None = None) -> dict[str, Any]:
        """An act of another type with marks all around its content; nurses' acts are those of the cabinet."""
        structure = self.cabinet if "infirmiers" in kind else self.structure
        guardian = {"family_name": "ZWXTUTRICE", "given_name": "JEANNE", "relation": "MTH", "phone": "0599446622"}
        doctor = {"id": "810000000017", "family_name": "ZWXDESTINATAIRE", "given_name": "CHARLES", "attending": True}
        return documents.act(
            kind,
            structure,
            (who or patient()) | {"representatives": [guardian]},
            f"PRIV-{uuid4().hex[:12]}",
            datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10),
            content,
            title="Note Zqxtitrée",
            recipients=[doctor],
            device={"model": "ZQXTENSIOMETRE 3", "software": "1.0"},
        )

    def account_of(self, act: dict[str, Any]) -> httpx.AsyncClient:
        """The LGO account of the act's structure."""
        cabinet = self.cabinet
        mine = cabinet if act["structure"] == cabinet.national_id else self.structure
        return self.door.client(mine.client_id)

    async def publish(self, act: dict[str, Any]) -> str:
        answer = await self.door.insist(self.account_of(act), "/v1/acts", act)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["act_id"])

    async def until(self, act_id: str, state: str, lgo: httpx.AsyncClient | None = None) -> dict[str, Any]:
        async with asyncio.timeout(120):
            while (act := (await (lgo or self.lgo).get(f"/v1/acts/{act_id}")).json())["state"] != state:
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
