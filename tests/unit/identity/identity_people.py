"""Invented people and acts for identity's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hub_contracts.acts import Act, AuthorRef, Ins, InsStatus, Patient, Vaccination, Vaccine
from hub_contracts.events.act import ActReceived
from hub_identity.blind_index import BlindIndex
from hub_identity.reading import Reader

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PHARMACY = UUID(int=0x51)
CABINET = UUID(int=0x52)
READER = Reader(BlindIndex(bytes(range(32))), "test")
TEST_OID = "1.2.250.1.213.1.4.10"


def patient(**changes: Any) -> Patient:
    """DOMINIQUE, qualified, unless changed."""
    fields: dict[str, Any] = {
        "local_id": "P1",
        "ins": Ins(matricule="279035121518989", oid=TEST_OID),
        "ins_status": InsStatus.QUALIFIEE,
        "birth_name": "PAT-TROIS",
        "birth_given_names": "DOMINIQUE MARIE-LOUISE",
        "first_birth_given_name": "DOMINIQUE",
        "sex": "F",
        "birth_date": "1979-03-28",
        "birth_place_code": "51215",
    }
    return Patient(**(fields | changes))


def without_ins(**changes: Any) -> Patient:
    """The same person as a software that has no INS yet sends her."""
    return patient(ins=None, ins_status=InsStatus.PROVISOIRE, **changes)


def other_patient(**changes: Any) -> Patient:
    """RUTH, qualified."""
    fields: dict[str, Any] = {
        "local_id": "P2",
        "ins": Ins(matricule="277076322082910", oid=TEST_OID),
        "birth_name": "NESSI",
        "birth_given_names": "RUTH RUTH ISABELLE",
        "first_birth_given_name": "RUTH",
        "birth_date": "1977-07-14",
        "birth_place_code": "63220",
    }
    return patient(**(fields | changes))


def act(who: Patient, name: str = "A1") -> Act:
    """A vaccination of that patient."""
    return Act(
        external_id=name,
        type="vaccination",
        structure="1330000001",
        author=AuthorRef(id="801234567897"),
        occurred_at=NOW - timedelta(hours=1),
        patient=who,
        content=Vaccination(date=date(2026, 11, 24), vaccine=Vaccine(name="VAXIGRIP", lot_number="L1")),
    )


def received(*, act_id: UUID | None = None, structure: UUID = PHARMACY, **changes: Any) -> ActReceived:
    """The event that brings an act, its sealed part empty."""
    fields: dict[str, Any] = {
        "act_id": act_id or uuid4(),
        "version": 1,
        "structure_id": structure,
        "intent": "create",
        "act_type": "vaccination",
        "account_id": UUID(int=0xACC),
        "author_id": "801234567897",
        "occurred_at": NOW - timedelta(hours=1),
        "received_at": NOW,
        "wait_until": NOW + timedelta(days=30),
        "sealed_act": "",
    }
    return ActReceived(**(fields | changes))
