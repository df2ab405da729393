"""Invented notes de vaccination: a good one, named variants, and as many as wanted from a seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from hub_interop.cda import (
    Address,
    Author,
    DocumentHeader,
    Dose,
    Organisation,
    PatientIdentity,
    Professional,
    VaccinationNote,
    Vaccine,
)
from hub_interop.ins import nir_key
from hub_interop.terminologies import value_set

PARIS_WINTER = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
START = datetime(2026, 11, 23, 10, 0, tzinfo=PARIS_WINTER)

PHARMACIST = Professional("801234567897", "TESTOFFICINE", "Camille", "G15_21/A", "MME", "DR")
NURSE = Professional("810000000009", "TESTSOINS", "Anaïs", "G15_60", "MME")
PHARMACY = Organisation(
    "1330000001", "PHARMACIE DE TEST", "SA33", "AMBULATOIRE",
    Address(("12 rue de la République",), "33000", "BORDEAUX"), "05 00 00 00 01",
)  # fmt: skip
CABINET = Organisation("333000000100012", "CABINET D'INFIRMIÈRES DE TEST", "SA08", "SAD")
PATIENT = PatientIdentity(
    matricule="279035121518989",
    oid="1.2.250.1.213.1.4.10",
    birth_name="PAT-TROIS",
    first_birth_given_name="DOMINIQUE",
    birth_given_names="DOMINIQUE MARIE-LOUISE",
    sex="F",
    birth_date="1979-03-28",
    birth_place_code="51215",
    local_id="000123",
    local_oid="1.2.3.4.567.8.9.10",
)
VACCINE = Vaccine(
    "VACCIN TETANIQUE PASTEUR, suspension injectable en seringue préremplie", "68747507", "J07AM",
    "vaccins tétaniques", "LOTTEST01", "3400932857241",
)  # fmt: skip
BY_PHARMACIST = Author(PHARMACIST, PHARMACY)
BY_NURSE = Author(NURSE, CABINET)
HEADER = DocumentHeader(
    unique_id="2.25.275412345678901234567890123456789012345",
    set_id="2.25.275412345678901234567890123456789012346",
    version=1,
    kind="87273-9",
    title="Note de vaccination",
    created_at=START + timedelta(minutes=30),
    patient=PATIENT,
    authors=(BY_PHARMACIST,),
    performer=BY_PHARMACIST,
    service_start=START,
    service_stop=START + timedelta(minutes=25),
)
NOTE = VaccinationNote(
    vaccination_id=UUID("cfa91b36-8c90-460e-873f-c26f5a863012"),
    section_id=UUID("883eec84-5a3a-4e65-814f-0acbd7d471cb"),
    date=date(2026, 11, 23),
    act_code="BOOSTER",
    vaccine=VACCINE,
    dose=Dose(Decimal("0.5"), "mL"),
    rank=1,
    route="20035000",
    site="16217701000119102",
    comment="Bien supporté.\nSurveillance de quinze minutes.",
)

Sample = tuple[DocumentHeader, VaccinationNote]


def patient(**changes: object) -> DocumentHeader:
    """The good header with another patient."""
    return replace(HEADER, patient=replace(PATIENT, **changes))  # type: ignore[arg-type]


def matricule(thirteen: str) -> str:
    """The 13 characters with their key."""
    return thirteen + nir_key(thirteen)


LONG = "Œuvre d'été à Nîmes : ça va < mieux > & « bien » — l'œil, çà et là. " * 28
VARIANTS: dict[str, Sample] = {
    "pharmacist": (HEADER, NOTE),
    "nurse": (replace(HEADER, authors=(BY_NURSE,), performer=BY_NURSE), NOTE),
    "pharmacist_and_nurse": (replace(HEADER, authors=(BY_PHARMACIST, BY_NURSE), performer=BY_NURSE), NOTE),
    "corsican": (
        patient(matricule=matricule("180032B020401"), sex="M", birth_date="1980-03-02", birth_place_code="2B020"),
        NOTE,
    ),
    "born_abroad": (
        patient(matricule=matricule("2790399351012"), birth_place_code="99351", birth_date="1979-00-00"), NOTE,
    ),
    "accents_and_long_text": (
        replace(
            patient(used_name="L'HÉRITIER-D'ŒUVRÉ", used_given_name="Zoé-Aïcha", local_id="é&<\"'>"), title="É" * 128
        ),
        replace(NOTE, comment=LONG[:2000], vaccine=replace(VACCINE, name="VACCIN « Œ » & <Ç> \"d'été\" " * 8)),
    ),
    "minor": (patient(matricule=matricule("2260933063001"), birth_date="2026-09-12", birth_place_code="33063"), NOTE),
    "used_name": (patient(used_name="DURAND", used_given_name="MARIE"), NOTE),
    "address_and_phone": (
        patient(address=Address(("Bâtiment B", "3 allée d'Été"), "33000", "Bordeaux"), phone="+33 (0)6.00.00.00-01"),
        NOTE,
    ),
    "no_optional_field": (
        replace(HEADER, service_stop=None),
        replace(
            NOTE, dose=None, rank=None, route=None, site=None, comment=None, vaccine=replace(VACCINE, cip=None)
        ),
    ),
    "site_the_dmp_refuses": (HEADER, replace(NOTE, site="91774008")),
    "replacement": (replace(HEADER, version=2, unique_id="2.25.99", replaces="2.25.98"), NOTE),
    "in_utc": (replace(HEADER, service_start=START.astimezone(UTC), created_at=NOW), NOTE),
}  # fmt: skip

_NAMES = ("DUPONT", "L'HERMITE", "LE GOFF", "NGUYEN--TRAN", "D'ARC", "MÜLLER", "ÇELIK", "ŒUVRARD")
_GIVEN = ("MARIE", "JEAN-CHRISTOPHE", "ZOÉ", "ANNE LAURE", "LÉO", "MAËLYS")
_PLACES = ("75056", "2A004", "2B033", "97411", "99351", "33063", "01004")
_WORDS = ("été", "œil", "ça", "&", "<", ">", '"', "'", "é", "à", "ù", "5", "%", "—", "«", ";", ":", "vaccin", "bras")


def random_sample(seed: int) -> Sample:
    """A good note that the seed decides."""
    source = random.Random(seed)
    who = _random_author(source)
    people = (who,) if source.random() < 0.7 else (BY_PHARMACIST, who)
    start = NOW.astimezone(timezone(timedelta(hours=source.choice((-4, 0, 1, 2, 4))))) - timedelta(
        days=source.randint(0, 300), seconds=source.randint(1, 86_000)
    )
    header = replace(
        HEADER,
        unique_id=f"2.25.{source.getrandbits(120)}1",
        set_id=f"2.25.{source.getrandbits(120)}2",
        title=_text(source, 128) or "Note",
        created_at=start + timedelta(minutes=5),
        patient=_random_patient(source),
        authors=people,
        performer=who,
        service_start=start,
        service_stop=source.choice((None, start + timedelta(minutes=3))),
    )
    if source.random() < 0.2:
        header = replace(header, version=source.randint(2, 9), replaces=f"2.25.{source.getrandbits(100)}")
    return header, _random_note(source, start.date())


def _random_author(source: random.Random) -> Author:
    who, where = source.choice(((PHARMACIST, PHARMACY), (NURSE, CABINET)))
    family = "G15_21" if where is PHARMACY else "G15_60"
    codes = [c.code for c in value_set("author_specialty") if c.code.startswith(family)]
    person = replace(
        who,
        specialty=source.choice(codes),
        civility=source.choice((None, "M", "MME")),
        title=source.choice((None, "DR", "PR")),
    )
    return Author(person, where)


def _random_patient(source: random.Random) -> PatientIdentity:
    woman, place = source.random() < 0.5, source.choice(_PLACES)
    born = date(1930, 1, 1) + timedelta(days=source.randint(0, 34_000))
    number = f"{2 if woman else 1}{born:%y%m}{place}{source.randint(1, 999):03d}"
    given = source.choice(_GIVEN)
    return replace(
        PATIENT,
        matricule=matricule(number),
        birth_name=source.choice(_NAMES),
        first_birth_given_name=given,
        birth_given_names=f"{given} {source.choice(_GIVEN)}".strip(),
        sex="F" if woman else "M",
        birth_date=source.choice((f"{born:%Y-%m-%d}", f"{born:%Y-%m}-00", f"{born:%Y}-00-00", f"{born:%Y}-31-00")),
        birth_place_code=place,
        local_id=_text(source, 20) or "1",
        used_name=source.choice((None, "DURAND", "É-Ü")),
        address=source.choice((None, Address((_text(source, 30) or "x",), "33000", "BORDEAUX"))),
        phone=source.choice((None, "06 00 00 00 01")),
    )


def _random_note(source: random.Random, day: date) -> VaccinationNote:
    def one_of(name: str) -> str | None:
        return source.choice([None, *(c.code for c in value_set(name))])

    return VaccinationNote(
        vaccination_id=UUID(int=source.getrandbits(128) | 1, version=4),
        section_id=UUID(int=source.getrandbits(128) | 1, version=4),
        date=day,
        act_code=source.choice([c.code for c in value_set("immunization_act")]),
        vaccine=replace(
            VACCINE,
            name=_text(source, 200) or "VACCIN",
            cis=str(source.randint(60_000_000, 69_999_999)),
            atc=source.choice(("J07AM", "J07BB02", "J07BX03")),
            lot_number=source.choice(("A1", "V3A27M", "AB-12/3 (B)")),
            cip=source.choice((None, "3400932857241", "3285724")),
        ),
        dose=source.choice((None, Dose(Decimal(source.randint(1, 5000)) / 100, one_of("dose_unit") or "mL"))),
        rank=source.choice((None, 1, 2, 99)),
        route=one_of("immunization_route"),
        site=one_of("immunization_site"),
        comment=source.choice((None, _text(source, 1500))),
    )


def _text(source: random.Random, longest: int) -> str:
    words = " ".join(source.choice(_WORDS) for _ in range(source.randint(1, max(1, longest // 4))))
    return words[:longest].strip()
