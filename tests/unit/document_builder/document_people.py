"""Invented acts, identities and annuaire entries for document-builder's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hub_contracts.acts import Act, AuthorRef, Dose, Ins, InsStatus, Patient, Vaccination, Vaccine
from hub_contracts.events.alimentation import AlimentationAuthorised, DecisionVersions
from hub_contracts.events.directory import (
    DatedIdentifier,
    Exercise,
    PostalAddress,
    ProfessionalPublished,
    StructurePublished,
)
from hub_contracts.sealed import QualifiedIdentity

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PARIS = timezone(timedelta(hours=1))
PHARMACY = UUID(int=0x51)
AUTHOR = "801234567897"
NURSE = "810000000009"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def structure() -> StructurePublished:
    """An invented pharmacy."""
    return StructurePublished(
        structure_id=PHARMACY,
        identifiers=(DatedIdentifier(value="1330000001", since=SINCE),),
        name="Pharmacie des Lilas",
        sector="SA33",
        practice_setting="AMBULATOIRE",
        address=PostalAddress(lines=("1 rue des Lilas",), postal_code="33000", city="Bordeaux"),
        phone="0556000000",
    )


def author(**changes: Any) -> ProfessionalPublished:
    """Its invented owner."""
    fields: dict[str, Any] = {
        "professional_id": AUTHOR,
        "family_name": "LILAS",
        "given_name": "ANNE",
        "civility": "MME",
        "profession": "21",
        "subsection": "A",
        "exercises": (Exercise(structure_id=PHARMACY, since=SINCE),),
    }
    return ProfessionalPublished(**(fields | changes))


def nurse() -> ProfessionalPublished:
    """An invented nurse who vaccinates there."""
    return author(
        professional_id=NURSE, family_name="ROSE", given_name="PAUL", civility="M", profession="60", subsection=None
    )


def identity() -> QualifiedIdentity:
    """DOMINIQUE, qualified."""
    return QualifiedIdentity(
        matricule="279035121518989",
        oid="1.2.250.1.213.1.4.10",
        birth_name="PAT-TROIS",
        birth_given_names="DOMINIQUE MARIE-LOUISE",
        first_birth_given_name="DOMINIQUE",
        used_name=None,
        used_given_name=None,
        sex="F",
        birth_date="1979-03-28",
        birth_place_code="51215",
        local_id="P1",
    )


def vaccination(**changes: Any) -> Vaccination:
    """A flu vaccination, complete."""
    vaccine: dict[str, Any] = {
        "name": "VAXIGRIPTETRA, suspension injectable",
        "cis": "64229526",
        "cip": "3400930127520",
        "atc": "J07BB02",
        "atc_label": "Grippe, virus inactivé entier",
        "lot_number": "V3J32",
    }
    vaccine |= changes.pop("vaccine", {})
    fields: dict[str, Any] = {
        "date": date(2026, 11, 24),
        "act_code": "BOOSTER",
        "vaccine": Vaccine(**vaccine),
        "dose": Dose(value=Decimal("0.5"), unit="mL"),
        "rank": 1,
        "route": "20035000",
        "site": "16217661000119109",
        "comment": "Bien toléré.",
    }
    return Vaccination(**(fields | changes))


def act(content: Vaccination | None = None, **changes: Any) -> Act:
    """That vaccination as the pharmacy's software sends it."""
    patient = Patient(
        local_id="P1",
        ins=Ins(matricule="279035121518989", oid="1.2.250.1.213.1.4.10"),
        ins_status=InsStatus.QUALIFIEE,
        birth_name="PAT-TROIS",
        birth_given_names="DOMINIQUE MARIE-LOUISE",
        first_birth_given_name="DOMINIQUE",
        sex="F",
        birth_date="1979-03-28",
        birth_place_code="51215",
    )
    fields: dict[str, Any] = {
        "external_id": "A1",
        "type": "vaccination",
        "structure": "1330000001",
        "author": AuthorRef(id=AUTHOR),
        "occurred_at": datetime(2026, 11, 24, 9, 30, tzinfo=PARIS),
        "patient": patient,
        "content": content or vaccination(),
    }
    return Act(**(fields | changes))


def authorised(**changes: Any) -> AlimentationAuthorised:
    """The event that asks for the document, its sealed parts empty."""
    fields: dict[str, Any] = {
        "act_id": uuid4(),
        "version": 1,
        "structure_id": PHARMACY,
        "patient_id": UUID(int=0xA),
        "decision_id": UUID(int=0xD),
        "act_type": "vaccination",
        "author_id": AUTHOR,
        "occurred_at": NOW - timedelta(minutes=30),
        "expires_at": NOW + timedelta(hours=72),
        "valid_until": NOW + timedelta(hours=24),
        "versions": DecisionVersions(alimentation_matrix="m", oppositions_revision=0),
        "sealed_act": "",
        "sealed_identity": "",
    }
    return AlimentationAuthorised(**(fields | changes))
