"""What may not become a note de vaccination: one mutant for each rule, and the good notes."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from note_samples import (
    BY_NURSE,
    BY_PHARMACIST,
    HEADER,
    NOTE,
    NOW,
    NURSE,
    PATIENT,
    PHARMACIST,
    PHARMACY,
    START,
    VACCINE,
    VARIANTS,
    Sample,
    patient,
    random_sample,
)

from hub_interop.cda import (
    Address,
    Author,
    DocumentHeader,
    Dose,
    Organisation,
    VaccinationNote,
    check_document,
)
from hub_interop.ins import Environment


def header(**changes: object) -> Sample:
    return replace(HEADER, **changes), NOTE  # type: ignore[arg-type]


def person(**changes: object) -> Sample:
    author = replace(BY_PHARMACIST, professional=replace(PHARMACIST, **changes))  # type: ignore[arg-type]
    return replace(HEADER, authors=(author,), performer=author), NOTE


def structure(**changes: object) -> Sample:
    author = replace(BY_PHARMACIST, organisation=replace(PHARMACY, **changes))  # type: ignore[arg-type]
    return replace(HEADER, authors=(author,), performer=author), NOTE


def traits(**changes: object) -> Sample:
    return patient(**changes), NOTE


def note(**changes: object) -> Sample:
    return HEADER, replace(NOTE, **changes)  # type: ignore[arg-type]


def vaccine(**changes: object) -> Sample:
    return HEADER, replace(NOTE, vaccine=replace(VACCINE, **changes))  # type: ignore[arg-type]


def vaccinateur(author: Author) -> Sample:
    return replace(HEADER, authors=(BY_PHARMACIST, author), performer=author), NOTE


NAIVE = START.replace(tzinfo=None)
MUTANTS: list[tuple[str, str, Sample]] = [
    ("DOC_TITLE_MISSING", "/title", header(title="  ")),
    ("DOC_TITLE_TOO_LONG", "/title", header(title="x" * 129)),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/title", header(title="Note\u202ede vaccination")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/title", header(title="Note\nde vaccination")),
    ("DOC_ID_INVALID", "", header(unique_id="urn:oid:1.2")),
    ("DOC_ID_INVALID", "", header(unique_id="1.02.3")),
    ("DOC_ID_INVALID", "", header(unique_id="1.2^3")),
    ("DOC_ID_INVALID", "", header(unique_id="1." + "2" * 127)),
    ("DOC_ID_INVALID", "", header(unique_id="1.٢")),
    ("DOC_SET_ID_INVALID", "", header(set_id=HEADER.unique_id)),
    ("DOC_SET_ID_INVALID", "", header(set_id="")),
    ("DOC_VERSION_INVALID", "", header(version=0)),
    ("DOC_VERSION_INVALID", "", header(version=-1)),
    ("DOC_VERSION_INVALID", "", header(version=2)),
    ("DOC_VERSION_INVALID", "", header(replaces="2.25.1")),
    ("DOC_REPLACED_ID_INVALID", "", header(version=2, replaces="x")),
    ("DOC_REPLACED_ID_INVALID", "", header(version=2, replaces=HEADER.unique_id)),
    ("DOC_CONFIDENTIALITY_UNKNOWN", "/visibility", header(confidentiality="U")),
    ("DOC_VISIBILITY_NOT_ALLOWED", "/visibility", header(confidentiality="R")),
    ("DOC_VISIBILITY_NOT_ALLOWED", "/visibility", header(masks=("MASQUE_PS",))),
    ("DOC_TIME_WITHOUT_ZONE", "/occurred_at", header(service_start=NAIVE)),
    ("DOC_TIME_WITHOUT_ZONE", "/occurred_at", header(created_at=NAIVE)),
    ("DOC_TIME_WITHOUT_ZONE", "/ended_at", header(service_stop=NAIVE)),
    ("DOC_CREATED_IN_FUTURE", "/occurred_at", header(created_at=NOW + timedelta(minutes=6))),
    ("ACT_START_IN_FUTURE", "/occurred_at", header(service_start=NOW + timedelta(minutes=6), service_stop=None)),
    ("ACT_STOP_BEFORE_START", "/ended_at", header(service_stop=START - timedelta(seconds=1))),
    ("ACT_STOP_BEFORE_START", "/ended_at", header(service_stop=START)),
    ("ACT_STOP_BEFORE_START", "/ended_at", header(service_stop=(START + timedelta(milliseconds=9)).astimezone(UTC))),
    ("AUTHOR_PERFORMER_NOT_AUTHOR", "/content/performer/id", header(performer=BY_NURSE)),
    ("AUTHOR_ID_INVALID", "/author/id", person(id="801234567890")),
    ("AUTHOR_ID_INVALID", "/author/id", person(id="01234567897")),
    ("AUTHOR_ID_INVALID", "/author/id", person(id="")),
    ("AUTHOR_ID_INVALID", "/author/id", person(id="80123456789٧")),
    ("AUTHOR_ID_INVALID", "/content/performer/id", vaccinateur(replace(BY_NURSE, professional=replace(NURSE, id="8")))),
    ("AUTHOR_NAME_MISSING", "/author/id", person(family_name=" ")),
    ("AUTHOR_NAME_MISSING", "/author/id", person(given_name="")),
    ("AUTHOR_SPECIALTY_UNKNOWN", "/author/id", person(specialty="G15_99")),
    ("AUTHOR_SPECIALTY_UNKNOWN", "/author/id", person(specialty="")),
    ("AUTHOR_CIVILITY_UNKNOWN", "/author/id", person(civility="MLLE")),
    ("AUTHOR_CIVILITY_UNKNOWN", "/author/id", person(title="PHARM")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/author/id", person(family_name="TEST\u200bOFFICINE")),
    ("STRUCTURE_ID_INVALID", "/structure", structure(id="330000001")),
    ("STRUCTURE_ID_INVALID", "/structure", structure(id="133000000")),
    ("STRUCTURE_NAME_MISSING", "/structure", structure(name="")),
    ("STRUCTURE_SECTOR_UNKNOWN", "/structure", structure(sector="SA99")),
    ("STRUCTURE_SETTING_UNKNOWN", "/structure", structure(practice_setting="")),
    ("STRUCTURE_SETTING_UNKNOWN", "/structure", structure(practice_setting="ESSMS")),
    ("STRUCTURE_SETTING_MISMATCH", "/structure", structure(practice_setting="ETABLISSEMENT")),
    ("STRUCTURE_PHONE_INVALID", "/structure", structure(phone="néant")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/structure", structure(name="PHARMACIE\x00")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/structure", structure(address=Address(("1 rue\x07",), "33000", "B"))),
    ("PATIENT_INS_INVALID", "/patient/ins/matricule", traits(matricule="279035121518988")),
    ("PATIENT_INS_INVALID", "/patient/ins/matricule", traits(matricule="")),
    ("PATIENT_INS_INVALID", "/patient/ins/matricule", traits(matricule="2٧9035121518989")),
    ("PATIENT_INS_OID_INVALID", "/patient/ins/oid", traits(oid="1.2.3")),
    ("PATIENT_INS_OID_INVALID", "/patient/ins/oid", traits(oid="1.2.250.1.213.1.4.9")),
    ("PATIENT_INS_OID_INVALID", "/patient/ins/oid", traits(oid="1.2.250.1.213.1.4.2")),
    ("PATIENT_LOCAL_OID_INVALID", "/structure", traits(local_oid="x")),
    ("PATIENT_TRAIT_MISSING", "/patient/birth_name", traits(birth_name=" ")),
    ("PATIENT_TRAIT_MISSING", "/patient/first_birth_given_name", traits(first_birth_given_name="")),
    ("PATIENT_TRAIT_MISSING", "/patient/birth_given_names", traits(birth_given_names="")),
    ("PATIENT_TRAIT_MISSING", "/patient/local_id", traits(local_id="")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_name", traits(birth_name="PAT 3")),
    ("PATIENT_TRAIT_INVALID", "/patient/first_birth_given_name", traits(first_birth_given_name="MARIE")),
    ("PATIENT_TRAIT_INVALID", "/patient/sex", traits(sex="I")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_date", traits(birth_date="1979")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_date", traits(birth_date="1979-02-30")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_date", traits(birth_date="١٩٧٩-03-28")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_place_code", traits(birth_place_code="5121")),
    ("PATIENT_TRAIT_INVALID", "/patient/birth_place_code", traits(birth_place_code="")),
    ("PATIENT_PHONE_INVALID", "/patient/phone", traits(phone="à demander")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/patient/used_name", traits(used_name="DU\u2066RAND")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/patient/local_id", traits(local_id="1\t2")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/patient/address", traits(address=Address((), "33000", "B\ud800"))),
    ("VAC_ID_INVALID", "/content/vaccination_id", note(vaccination_id=UUID(int=0))),
    ("VAC_DATE_IN_FUTURE", "/content/date", note(date=date(2026, 11, 25))),
    ("VAC_DATE_AFTER_ACT", "/content/date", note(date=date(2026, 11, 24))),
    ("VAC_DATE_BEFORE_BIRTH", "/content/date", note(date=date(1979, 3, 27))),
    ("VAC_ACT_CODE_UNKNOWN", "/content/act_code", note(act_code="RAPPEL")),
    ("VAC_ACT_CODE_UNKNOWN", "/content/act_code", note(act_code="")),
    ("VAC_ROUTE_UNKNOWN", "/content/route", note(route="IM")),
    ("VAC_SITE_UNKNOWN", "/content/site", note(site="bras")),
    ("VAC_RANK_INVALID", "/content/rank", note(rank=0)),
    ("VAC_RANK_INVALID", "/content/rank", note(rank=100)),
    ("VAC_DOSE_INVALID", "/content/dose/value", note(dose=Dose(Decimal(0), "mL"))),
    ("VAC_DOSE_INVALID", "/content/dose/value", note(dose=Dose(Decimal("NaN"), "mL"))),
    ("VAC_DOSE_INVALID", "/content/dose/value", note(dose=Dose(Decimal("-0.5"), "mL"))),
    ("VAC_DOSE_UNIT_UNKNOWN", "/content/dose/unit", note(dose=Dose(Decimal(1), "ml"))),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/comment", note(comment="bien\x0bsupporté")),
    ("VAC_NAME_MISSING", "/content/vaccine/name", vaccine(name="")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/vaccine/name", vaccine(name="VACCIN\ufeff")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/vaccine/atc_label", vaccine(atc_label="vaccins\ntétaniques")),
    ("VAC_CIS_MISSING", "/content/vaccine/cis", vaccine(cis=None)),
    ("VAC_CIS_INVALID", "/content/vaccine/cis", vaccine(cis="6874750")),
    ("VAC_CIS_INVALID", "/content/vaccine/cis", vaccine(cis="00000000")),
    ("VAC_CIS_INVALID", "/content/vaccine/cis", vaccine(cis="6874750٧")),
    ("VAC_CIP_INVALID", "/content/vaccine/cip", vaccine(cip="3400932857242")),
    ("VAC_CIP_INVALID", "/content/vaccine/cip", vaccine(cip="3285725")),
    ("VAC_CIP_INVALID", "/content/vaccine/cip", vaccine(cip="")),
    ("VAC_ATC_MISSING", "/content/vaccine/atc", vaccine(atc="")),
    ("VAC_ATC_INVALID", "/content/vaccine/atc", vaccine(atc="N02BE01")),
    ("VAC_ATC_INVALID", "/content/vaccine/atc", vaccine(atc="J07A01")),
    ("VAC_ATC_LABEL_MISSING", "/content/vaccine/atc_label", vaccine(atc_label=None)),
    ("VAC_LOT_NUMBER_MISSING", "/content/vaccine/lot_number", vaccine(lot_number=" ")),
    ("VAC_LOT_NUMBER_INVALID", "/content/vaccine/lot_number", vaccine(lot_number="x" * 31)),
    ("VAC_LOT_NUMBER_INVALID", "/content/vaccine/lot_number", vaccine(lot_number="--")),
    ("VAC_LOT_NUMBER_INVALID", "/content/vaccine/lot_number", vaccine(lot_number="LOT\u200b1")),
]  # fmt: skip
NOT_ALONE = {"AUTHOR_MISSING", "ACT_START_BEFORE_BIRTH"}  # these break another rule too: they have their own tests


def found(sample: Sample, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in check_document(*sample, now)]


@pytest.mark.parametrize(("code", "pointer", "sample"), MUTANTS, ids=[f"{n}-{m[0]}" for n, m in enumerate(MUTANTS)])
def test_each_rule_finds_its_mutant_and_nothing_else(code: str, pointer: str, sample: Sample) -> None:
    assert found(sample) == [(code, pointer)]


@pytest.mark.parametrize("name", VARIANTS)
def test_good_notes_have_no_problem(name: str) -> None:
    assert found(VARIANTS[name]) == []


def test_random_good_notes_have_no_problem() -> None:
    assert {seed: found(random_sample(seed)) for seed in range(200) if found(random_sample(seed))} == {}


def test_a_document_without_author_is_told_and_does_not_fail() -> None:
    assert found(header(authors=())) == [("AUTHOR_MISSING", "/author/id")]


def test_an_act_before_birth_is_told_with_the_vaccination() -> None:
    assert found(traits(birth_date="2026-11-30")) == [
        ("ACT_START_BEFORE_BIRTH", "/occurred_at"),
        ("VAC_DATE_BEFORE_BIRTH", "/content/date"),
    ]


@pytest.mark.parametrize("birth", ["2026-00-00", "2026-99-00", "2026-11-00"])
def test_an_uncertain_birth_date_never_refuses_a_vaccination_of_that_time(birth: str) -> None:
    assert found(traits(birth_date=birth)) == []


def test_software_that_sends_utc_may_vaccinate_after_midnight_in_paris() -> None:
    start = datetime(2026, 11, 23, 23, 20, tzinfo=UTC)
    late = replace(HEADER, service_start=start, created_at=start, service_stop=None)
    assert found((late, replace(NOTE, date=date(2026, 11, 24)))) == []


def test_a_structure_overseas_has_its_own_day() -> None:
    start = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=4)))
    reunion = replace(HEADER, service_start=start, created_at=start, service_stop=None)
    assert found((reunion, replace(NOTE, date=date(2026, 11, 24))), now=start) == []


def test_the_matricule_of_another_environment_is_refused_when_the_environment_is_known() -> None:
    def codes(environment: Environment) -> list[str]:
        return [p.code for p in check_document(HEADER, NOTE, NOW, environment)]

    assert codes(Environment.TEST) == []
    assert codes(Environment.PRODUCTION) == ["PATIENT_INS_OID_INVALID"]


def _worst() -> Sample:
    nobody = Author(
        replace(PHARMACIST, id="x", family_name="", specialty="", civility="x"),
        Organisation("x", "", "x", "x", phone="x"),
    )
    patient_of_nobody = replace(
        PATIENT, matricule="1", oid="1", birth_name="", sex="x", birth_date="x", birth_place_code="x", local_oid="x",
        phone="x",
    )  # fmt: skip
    worst = DocumentHeader(
        unique_id="x", set_id="x", version=0, kind="x", title="", created_at=START, patient=patient_of_nobody,
        authors=(nobody,), performer=nobody, service_start=START, service_stop=START, confidentiality="U",
        masks=("MASQUE_PS",),
    )  # fmt: skip
    empty = replace(VACCINE, name="", cis=None, cip="x", atc=None, atc_label=None, lot_number="")
    return worst, VaccinationNote(
        UUID(int=0), UUID(int=0), date(2099, 1, 1), "x", empty, Dose(Decimal(0), "x"), 0, "x", "x", "\x00", "\x00"
    )


def test_all_problems_are_told_at_once() -> None:
    codes = {code for code, _ in found(_worst())}
    assert len(codes) == 38
    assert {"DOC_ID_INVALID", "STRUCTURE_NAME_MISSING", "PATIENT_INS_INVALID", "VAC_LOT_NUMBER_MISSING"} <= codes


def test_no_text_and_no_repr_holds_a_value_of_the_patient() -> None:
    secrets = [
        value
        for part in (PATIENT, VACCINE)
        for value in (getattr(part, field.name) for field in fields(part))
        if isinstance(value, str) and len(value) > 3
    ]
    told = " ".join(f"{p.text} {p.pointer}" for _, _, sample in MUTANTS for p in check_document(*sample, NOW))
    assert is_dataclass(PATIENT)
    for text in (told, repr(HEADER), repr(NOTE), repr(PATIENT)):
        assert not [secret for secret in secrets if secret in text and secret != "Note de vaccination"]
