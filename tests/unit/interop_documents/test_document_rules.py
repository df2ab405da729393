"""What may not become a document, beyond the note de vaccination: one mutant for each rule, and where it points."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from document_samples import (
    BSI,
    DEVICE,
    FILES,
    FULL_NOTE,
    GP,
    GUARDIAN,
    KIT,
    MOTHER,
    N1_HEADER,
    PDF,
    PREPARATEUR,
    PRESCRIBER,
    SECRETARY,
    TROD_HEADER,
    Sample,
    every_document,
    trod,
)
from note_samples import BY_NURSE, BY_PHARMACIST, CABINET, HEADER, NOTE, NOW, NURSE, PATIENT, START
from test_vaccination_rules import MUTANTS as VACCINATION_MUTANTS
from test_vaccination_rules import NOT_ALONE

from hub_interop.cda import (
    CATALOGUE,
    Author,
    DeviceAuthor,
    DocumentHeader,
    Dose,
    Informant,
    OrderId,
    Participant,
    TrodResult,
    UnstructuredBody,
    check_document,
    internal_number,
    trod_title,
)
from hub_interop.cda.rules import is_professional_id
from hub_interop.ins import Environment
from hub_interop.terminologies import value_set

NAIVE = START.replace(tzinfo=None)
LATE = NOW + timedelta(minutes=6)
Mutant = tuple[str, str, Sample]


def n1(**changes: object) -> Sample:
    return replace(N1_HEADER, **changes), FILES["pdf"]  # type: ignore[arg-type]


def file(content: bytes = PDF, media_type: str = "application/pdf", language: str | None = None) -> Sample:
    return N1_HEADER, UnstructuredBody(content, media_type, language)


def rapid(**changes: object) -> Sample:
    return TROD_HEADER, trod(**changes)  # type: ignore[arg-type]


def kit(**changes: object) -> Sample:
    return TROD_HEADER, trod(kit=replace(KIT, **changes))  # type: ignore[arg-type]


def note(**changes: object) -> Sample:
    return HEADER, replace(FULL_NOTE, **changes)  # type: ignore[arg-type]


def reaction(**changes: object) -> Sample:
    return note(reactions=(replace(FULL_NOTE.reactions[0], **changes),))  # type: ignore[arg-type]


def antigen(**changes: object) -> Sample:
    return note(antigens=(replace(FULL_NOTE.antigens[0], **changes),))  # type: ignore[arg-type]


def prescription(**changes: object) -> Sample:
    return note(prescription=replace(FULL_NOTE.prescription, **changes))  # type: ignore[type-var,arg-type]


def relative(**changes: object) -> Sample:
    people = (GUARDIAN, replace(MOTHER, **changes))  # type: ignore[arg-type]
    return n1(patient=replace(PATIENT, representatives=people))


def informant(**changes: object) -> Sample:
    return n1(informants=(replace(Informant("NESSI", "Jeanne", "NOK"), **changes),))  # type: ignore[arg-type]


def recipient(**changes: object) -> Sample:
    return n1(recipients=(PRESCRIBER, replace(GP, **changes)))  # type: ignore[arg-type]


def participant(**changes: object) -> Sample:
    return n1(participants=(replace(Participant(GP, "INF", "PCP", START), **changes),))  # type: ignore[arg-type]


def device(**changes: object) -> Sample:
    made = replace(DEVICE, device=replace(DEVICE.device, **changes))  # type: ignore[arg-type]
    return n1(authors=(BY_PHARMACIST, made))


def second(author: Author | DeviceAuthor) -> Sample:
    return n1(authors=(BY_PHARMACIST, author))


def by_delegate(**changes: object) -> Sample:
    """A note that a préparateur wrote with the pharmacist."""
    return replace(HEADER, authors=(PREPARATEUR, BY_PHARMACIST), performer=BY_PHARMACIST, **changes), NOTE  # type: ignore[arg-type]


def nurse(**changes: object) -> Author:
    return replace(BY_NURSE, professional=replace(NURSE, **changes))  # type: ignore[arg-type]


MUTANTS: list[Mutant] = [
    ("DOC_TYPE_UNKNOWN", "/type", n1(kind="99999-9")),
    ("DOC_TYPE_UNKNOWN", "/type", n1(kind="")),
    ("DOC_TYPE_NOT_WRITABLE", "/type", n1(kind="11369-6")),
    ("DOC_TYPE_NOT_WRITABLE", "/type", n1(kind="REMB")),
    ("DOC_TYPE_BODY_MISMATCH", "/type", n1(kind="87273-9")),
    ("DOC_TYPE_NOT_WRITABLE", "/type", n1(kind="DOCPAT01")),
    ("DOC_TYPE_NOT_WRITABLE", "/type", n1(kind="E1762")),
    ("DOC_TYPE_BODY_MISMATCH", "/type", n1(kind="96173-0")),
    ("DOC_TYPE_BODY_MISMATCH", "/type", n1(kind="IMG-KOS")),
    ("DOC_TYPE_BODY_MISMATCH", "/type", (TROD_HEADER, NOTE)),
    ("DOC_TYPE_BODY_MISMATCH", "/type", (HEADER, trod())),
    ("DOC_ENCOUNTER_UNKNOWN", "/type", n1(encounter="DOMICILE")),
    ("DOC_MASK_UNKNOWN", "/visibility", n1(masks=("CACHE",))),
    ("DOC_MASK_UNKNOWN", "/visibility", n1(masks=("R",))),
    ("DOC_MASK_UNKNOWN", "/visibility", n1(masks=("MASQUE_PS", "MASQUE_PS"))),
    ("DOC_MASKS_TOGETHER", "/visibility", n1(masks=("MASQUE_PS", "INVISIBLE_PATIENT"))),
    ("DOC_MASKS_TOGETHER", "/visibility", (replace(TROD_HEADER, masks=("MASQUE_PS", "INVISIBLE_PATIENT")), trod())),
    ("DOC_TEXT_TOO_LONG", "/content/conclusion", rapid(conclusion="x" * 4001)),
    ("DOC_TEXT_TOO_LONG", "/patient/used_name", n1(patient=replace(PATIENT, used_name="X" * 100_000))),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/patient/birth_place", n1(patient=replace(PATIENT, birth_place_city="\t"))),
    ("AUTHOR_RESPONSIBLE_MISSING", "/responsible/id", n1(authors=(PREPARATEUR,))),
    ("AUTHOR_RESPONSIBLE_MISSING", "/responsible/id", n1(authors=(SECRETARY, BY_NURSE))),
    ("AUTHOR_RESPONSIBLE_MISSING", "/responsible/id", n1(authors=(DEVICE, BY_PHARMACIST))),
    ("AUTHOR_RESPONSIBLE_INVALID", "/responsible/id", n1(responsible=PREPARATEUR)),
    ("AUTHOR_RESPONSIBLE_INVALID", "/responsible/id", n1(authors=(SECRETARY,), responsible=SECRETARY)),
    ("AUTHOR_RESPONSIBLE_INVALID", "/responsible/id", n1(responsible=nurse(id="3330000001/1"))),
    ("AUTHOR_RESPONSIBLE_NOT_AUTHOR", "/responsible/id", by_delegate(responsible=BY_NURSE)),
    ("AUTHOR_RESPONSIBLE_NOT_NEEDED", "/responsible/id", n1(responsible=BY_NURSE)),
    ("AUTHOR_RESPONSIBLE_NOT_NEEDED", "/responsible/id", n1(authors=(BY_NURSE,), responsible=BY_PHARMACIST)),
    ("AUTHOR_FUNCTION_UNKNOWN", "/authors/1/id", second(replace(BY_NURSE, function="MEDECIN"))),
    ("AUTHOR_TIME_AFTER_DOCUMENT", "/authors/1/id", second(replace(BY_NURSE, time=START + timedelta(hours=1)))),
    ("AUTHOR_TIME_AFTER_DOCUMENT", "/authors/1/number", second(replace(DEVICE, time=START + timedelta(hours=1)))),
    ("DOC_TIME_WITHOUT_ZONE", "/authors/1/number", second(replace(DEVICE, time=NAIVE))),
    ("DOC_TIME_WITHOUT_ZONE", "/authors/1/id", second(replace(BY_NURSE, time=NAIVE))),
    ("AUTHOR_ID_INVALID", "/authors/1/id", second(nurse(id="810000000008"))),
    ("AUTHOR_ID_INVALID", "/data_enterer/id", n1(data_enterer=nurse(id="x"))),
    ("AUTHOR_NAME_MISSING", "/responsible/id", n1(authors=(PREPARATEUR,), responsible=nurse(given_name=""))),
    ("AUTHOR_SPECIALTY_UNKNOWN", "/authors/1/id", second(nurse(specialty="G15_61"))),
    ("AUTHOR_CIVILITY_UNKNOWN", "/authors/1/id", second(nurse(title="IDE"))),
    ("DEVICE_ID_INVALID", "/authors/1/number", device(id="810000000009")),
    ("DEVICE_ID_INVALID", "/authors/1/number", device(id="88")),
    ("DEVICE_ID_INVALID", "/authors/1/number", device(id="31330000001/88")),
    ("DEVICE_ID_INVALID", "/authors/1/number", device(id=internal_number("", "88"))),
    ("DEVICE_KIND_UNKNOWN", "/authors/1/number", device(specialty="G15_21")),
    ("DEVICE_NAME_MISSING", "/authors/1/model", device(model=" ")),
    ("DEVICE_NAME_MISSING", "/authors/1/software", device(software="")),
    ("PERSON_NAME_MISSING", "/patient/representatives/1/family_name", relative(family_name="")),
    ("PERSON_NAME_MISSING", "/recipients/1/given_name", recipient(given_name=" ")),
    ("PERSON_CIVILITY_UNKNOWN", "/patient/representatives/1/civility", relative(civility="MLLE")),
    ("PERSON_CIVILITY_UNKNOWN", "/recipients/1/civility", recipient(title="PHARM")),
    ("PERSON_RELATION_UNKNOWN", "/patient/representatives/1/relation", relative(relation="MAMAN")),
    ("PERSON_RELATION_UNKNOWN", "/informants/0/relation", informant(relation="x")),
    ("PERSON_ROLE_UNKNOWN", "/informants/0/role", informant(role="PRS")),
    ("PERSON_PHONE_INVALID", "/patient/representatives/1/phone", relative(phone="bientôt")),
    ("PERSON_PHONE_INVALID", "/recipients/1/phone", recipient(phone="05")),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/patient/representatives/1/given_name", relative(given_name="Jea\u202enne")),
    ("CONTACT_ID_INVALID", "/recipients/1/id", recipient(id="801234567890")),
    ("CONTACT_ID_INVALID", "/participants/0/id", participant(contact=replace(GP, id=""))),
    ("CONTACT_SPECIALTY_UNKNOWN", "/recipients/1/specialty", recipient(specialty="MG")),
    ("STRUCTURE_ID_INVALID", "/recipients/1/organisation", recipient(organisation=replace(CABINET, id="9"))),
    ("PARTICIPANT_TYPE_UNKNOWN", "/participants/0/type", participant(type="INFO")),
    ("PARTICIPANT_FUNCTION_UNKNOWN", "/participants/0/function", participant(function="MT")),
    ("PARTICIPANT_SINCE_IN_FUTURE", "/participants/0/since", participant(since=LATE)),
    ("DOC_TIME_WITHOUT_ZONE", "/participants/0/since", participant(since=NAIVE)),
    ("ORDER_ID_INVALID", "/orders/1", n1(orders=(OrderId("2.25.7", "2"), OrderId("ordonnance", "2")))),
    ("ORDER_ID_INVALID", "/orders/0", n1(orders=(OrderId("2.25.7", " "),))),
    ("CONSENT_UNKNOWN", "/consents/0", n1(consents=("OUI",))),
    ("FILE_EMPTY", "/content/file", file(b"")),
    ("FILE_EMPTY", "/content/file", file(b" \n", "text/plain")),
    ("FILE_TOO_LARGE", "/content/file", file(PDF + b"%" * (40 * 1024 * 1024))),
    ("FILE_MEDIA_TYPE_UNKNOWN", "/content/file/media_type", file(media_type="image/jpeg")),
    ("FILE_MEDIA_TYPE_UNKNOWN", "/content/file/media_type", file(media_type="application/PDF")),
    ("FILE_MEDIA_TYPE_UNKNOWN", "/content/file/media_type", file(media_type="")),
    ("FILE_NOT_PDF", "/content/file", file(b"JVBERi0xLjQK")),
    ("FILE_NOT_PDF", "/content/file", file(b"\xff\xd8\xff\xe0 a picture")),
    ("FILE_NOT_TEXT", "/content/file", file("été".encode("latin-1"), "text/plain")),
    ("FILE_NOT_TEXT", "/content/file", file(b"ok\x00", "text/plain")),
    ("FILE_NOT_TEXT", "/content/file", file("tourn\u202eé".encode(), "text/plain")),
    ("FILE_LANGUAGE_INVALID", "/content/language", file(language="anglais")),
    ("VAC_REACTION_CODE_INVALID", "/content/reactions/0/code", reaction(code="fièvre")),
    ("VAC_REACTION_CODE_INVALID", "/content/reactions/0/code", reaction(code="R5٠.2")),
    ("VAC_REACTION_LABEL_MISSING", "/content/reactions/0/label", reaction(label="")),
    ("VAC_REACTION_DATE_INVALID", "/content/reactions/0/date", reaction(date=date(2026, 11, 22))),
    ("VAC_REACTION_DATE_INVALID", "/content/reactions/0/date", reaction(date=date(2026, 11, 25))),
    ("VAC_ANTIGEN_NAME_MISSING", "/content/antigens/0/antigen", antigen(antigen=" ")),
    ("VAC_DOSE_INVALID", "/content/antigens/0/dose/value", antigen(dose=Dose(Decimal(0), "g"))),
    ("VAC_DOSE_UNIT_UNKNOWN", "/content/antigens/0/dose/unit", antigen(dose=Dose(Decimal(1), "UI"))),
    ("VAC_PRESCRIPTION_ID_INVALID", "/content/prescription/root", prescription(root="ordonnance")),
    ("VAC_PRESCRIPTION_ID_INVALID", "/content/prescription/root", prescription(root=str(NOTE.section_id))),
    ("VAC_PRESCRIPTION_AFTER_ACT", "/content/prescription/date", prescription(date=date(2026, 11, 24))),
    ("CONTACT_ID_INVALID", "/content/prescription/prescriber/id", prescription(prescriber=replace(GP, id="1"))),
    ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/reason", note(reason="\ufffe")),
    ("TROD_TEST_UNKNOWN", "/content/test", (TROD_HEADER, replace(trod(), test="glycemie"))),
    ("TROD_RESULT_MISSING", "/content/results", rapid(results=())),
    ("TROD_RESULT_UNKNOWN", "/content/results/0/result", rapid(results=(TrodResult("78012-2", "douteux"),))),
    ("TROD_EXAM_UNKNOWN", "/content/results/0/exam", rapid(results=(TrodResult("5799-2", "positif"),))),
    ("TROD_EXAM_UNKNOWN", "/content/results/1/exam", rapid(results=(TrodResult("78012-2", "positif"),) * 2)),
    ("TROD_SAMPLED_IN_FUTURE", "/content/sampled_at", rapid(sampled_at=LATE)),
    ("TROD_SAMPLED_AFTER_ACT", "/content/sampled_at", rapid(sampled_at=START + timedelta(minutes=31))),
    ("DOC_TIME_WITHOUT_ZONE", "/content/sampled_at", rapid(sampled_at=NAIVE)),
    ("TROD_SAMPLED_BEFORE_BIRTH", "/content/sampled_at", rapid(sampled_at=START.replace(year=1979, month=3, day=26))),
    ("TROD_KIT_MISSING", "/content/kit", rapid(kit=None)),
    ("TROD_KIT_NAME_MISSING", "/content/kit/name", kit(name="")),
    ("TROD_LOT_NUMBER_INVALID", "/content/kit/lot_number", kit(lot_number="--")),
    ("TROD_UDI_INVALID", "/content/kit/udi", kit(udi="(01)05012345678901(10)A")),
    ("TROD_UDI_INVALID", "/content/kit/udi", kit(udi="CYST987654")),
]  # fmt: skip


def found(sample: Sample, environment: Environment | None = None) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in check_document(*sample, NOW, environment)]


@pytest.mark.parametrize(("code", "pointer", "sample"), MUTANTS, ids=[f"{n}-{m[0]}" for n, m in enumerate(MUTANTS)])
def test_each_rule_finds_its_mutant_and_nothing_else(code: str, pointer: str, sample: Sample) -> None:
    assert found(sample) == [(code, pointer)]


def test_every_good_document_of_every_type_has_no_problem() -> None:
    assert {name: found(sample) for name, sample in every_document().items() if found(sample)} == {}


def test_every_code_has_a_mutant_and_points_where_the_table_says() -> None:
    mutants = [*VACCINATION_MUTANTS, *MUTANTS]
    assert {code for code, _, _ in mutants} | NOT_ALONE == set(CATALOGUE)
    for code, pointer, _ in mutants:
        place = re.sub(r"/[0-9]+(?=/|$)", "/{n}", pointer)
        assert CATALOGUE[code].pointers == ("*",) or place in CATALOGUE[code].pointers, (code, pointer)
        assert CATALOGUE[code].text.endswith(".")
        assert CATALOGUE[code].source


def test_the_origin_of_a_person_says_where_the_problem_is() -> None:
    wrong = replace(nurse(id="8"), origin="/co_authors/3")
    assert found(n1(authors=(BY_PHARMACIST, wrong))) == [("AUTHOR_ID_INVALID", "/co_authors/3/id")]
    unnamed = replace(DEVICE, device=replace(DEVICE.device, model=""), origin="/device")
    assert found(n1(authors=(BY_PHARMACIST, unnamed))) == [("DEVICE_NAME_MISSING", "/device/model")]
    unnumbered = replace(DEVICE, device=replace(DEVICE.device, id="88"), origin="/device")
    assert found(n1(authors=(BY_PHARMACIST, unnumbered))) == [("DEVICE_ID_INVALID", "/device/number")]
    late = replace(DEVICE, time=START + timedelta(hours=1), origin="/device")
    assert found(n1(authors=(BY_PHARMACIST, late))) == [("AUTHOR_TIME_AFTER_DOCUMENT", "/device/number")]
    assert replace(BY_NURSE, origin="/x") == BY_NURSE


def test_a_participant_made_from_a_recipient_is_told_where_the_recipient_is_and_once() -> None:
    gp = replace(GP, id="801234567890")
    attending = Participant(gp, "INF", "PCP", LATE, origin="/recipients/1")
    assert found(n1(recipients=(PRESCRIBER, gp), participants=(attending,))) == [
        ("CONTACT_ID_INVALID", "/recipients/1/id"),
        ("PARTICIPANT_SINCE_IN_FUTURE", "/recipients/1/since"),
    ]
    assert replace(attending, origin=None) == attending
    for code in ("CONTACT_ID_INVALID", "PERSON_NAME_MISSING", "PARTICIPANT_TYPE_UNKNOWN", "STRUCTURE_ID_INVALID"):
        assert any(pointer.startswith("/recipients/{n}/") for pointer in CATALOGUE[code].pointers), code


def test_an_author_may_be_named_again_as_responsible() -> None:
    again = replace(BY_PHARMACIST, professional=replace(BY_PHARMACIST.professional), origin="/responsible")
    assert found(n1(responsible=again)) == []
    assert found(by_delegate(responsible=BY_PHARMACIST)) == []
    assert found(n1(authors=(DEVICE, BY_PHARMACIST), responsible=BY_PHARMACIST)) == []


@pytest.mark.parametrize("oid", ["1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"])
@pytest.mark.parametrize("base", [n1(), rapid(), (HEADER, NOTE)])
def test_a_matricule_of_test_or_demonstration_never_passes_in_production(oid: str, base: Sample) -> None:
    header, body = base
    sample = (replace(header, patient=replace(PATIENT, oid=oid)), body)
    assert found(sample, Environment.TEST) == []
    assert found(sample, Environment.PRODUCTION) == [("PATIENT_INS_OID_INVALID", "/patient/ins/oid")]
    real = (replace(header, patient=replace(PATIENT, oid="1.2.250.1.213.1.4.8")), body)
    assert found(real, Environment.PRODUCTION) == []
    assert found(real, Environment.TEST) == [("PATIENT_INS_OID_INVALID", "/patient/ins/oid")]


def test_no_problem_text_holds_a_value() -> None:
    told = " ".join(f"{p.text} {p.pointer}" for _, _, sample in MUTANTS for p in check_document(*sample, NOW))
    for secret in ("PAT-TROIS", "279035121518989", "NESSI", "TESTTRAITANT", "CYST987654", "Odynophagie"):
        assert secret not in told


def test_no_repr_holds_what_identifies_the_patient_or_is_in_the_document() -> None:
    for header, body in every_document().values():
        shown = repr(header) + repr(header.patient) + repr(body) + repr(header.informants)
        shown += "".join(repr(getattr(body, name, "")) for name in ("vaccine", "dose", "kit", "reactions", "results"))
        for secret in ("PAT-TROIS", "2790351", "NESSI", "%PDF", "Odynophagie", "positif", "Fièvre", "LOTTEST01"):
            assert secret not in shown


def test_bilan_de_soins_infirmiers_follows_the_value_set() -> None:
    """The hub's J66 decides, not a list in the code."""
    known = value_set("document_type").get(BSI, N1_HEADER.created_at.date())
    assert found(n1(kind=BSI)) == ([] if known else [("DOC_TYPE_UNKNOWN", "/type")])


def test_a_first_author_who_is_no_delegate_needs_nobody_to_answer() -> None:
    header: DocumentHeader = replace(N1_HEADER, authors=(BY_NURSE,), responsible=None)
    assert found((header, FILES["pdf"])) == []
    assert header.legal_authenticator is BY_NURSE
    assert replace(header, authors=(PREPARATEUR,), responsible=BY_PHARMACIST).performed_by is BY_PHARMACIST
    with pytest.raises(ValueError, match="device"):
        _ = replace(header, authors=(DEVICE,)).legal_authenticator


@pytest.mark.parametrize(
    ("structure", "number"),
    [
        ("1330000001", "3330000001/88"), ("333000000100012", "533000000100012/88"), ("2330000001", "4330000001/88"),
        ("0330000001", "1330000001/88"), ("480123456789001", "680123456789001/88"),
    ],
)  # fmt: skip
def test_a_number_of_the_structure_s_own_is_qualified_by_the_structure(structure: str, number: str) -> None:
    assert internal_number(structure, "88") == number
    assert is_professional_id(number)
    assert found(device(id=number)) == []


@pytest.mark.parametrize(
    "structure", ["", "9330000001", "93330000001", "533300000010001", "3330000001", "٣330000001", "1330000001\n", " "]
)
@pytest.mark.parametrize("number", ["88", "", "3330000001/88"])
def test_a_number_of_no_structure_is_refused_and_does_not_fail(structure: str, number: str) -> None:
    assert found(device(id=internal_number(structure, number))) == [("DEVICE_ID_INVALID", "/authors/1/number")]


def test_the_title_of_a_trod_names_the_test() -> None:
    assert trod_title("angine") == "Test rapide d'orientation diagnostique : TROD Angine"
    with pytest.raises(KeyError):
        trod_title("x")
