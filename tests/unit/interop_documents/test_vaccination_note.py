"""What the builder writes, and what the check of a built document sees."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal

import pytest
from lxml import etree
from note_samples import HEADER, NOTE, NURSE, PATIENT, START, VARIANTS, patient, random_sample

from hub_interop.cda import Address, Dose, build_document, built_document_problems
from hub_interop.terminologies import UnknownCode

NS = {"c": "urn:hl7-org:v3"}
ENTRY = "c:component/c:structuredBody/c:component/c:section/c:entry/c:substanceAdministration"


def built(name: str) -> etree._Element:
    return etree.fromstring(build_document(*VARIANTS[name]))


def values(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(item) for item in found]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_built_passes_the_check_of_built_documents(name: str) -> None:
    assert built_document_problems(build_document(*VARIANTS[name])) == []


def test_the_same_input_gives_the_same_bytes() -> None:
    assert build_document(HEADER, NOTE) == build_document(HEADER, NOTE)


def test_random_notes_pass_it_too_and_keep_their_texts() -> None:
    for seed in range(60):
        header, note = random_sample(seed)
        document = build_document(header, note)
        assert built_document_problems(document) == []
        root = etree.fromstring(document)
        assert root.findtext("c:title", None, NS) == header.title
        assert values(root, "//c:patient/c:name/c:family[@qualifier='BR']/text()") == [header.patient.birth_name]
        assert values(root, "//c:manufacturedMaterial/c:name/text()") == [note.vaccine.name]


def test_uuids_are_upper_case_and_the_vaccination_keeps_its_id() -> None:
    root = built("pharmacist")
    assert values(root, f"{ENTRY}/c:id/@root") == ["CFA91B36-8C90-460E-873F-C26F5A863012"]
    assert values(root, f"{ENTRY}/c:id/@extension") == []
    assert not re.search(rb"[0-9a-f]{8}-[0-9a-f]{4}-", build_document(HEADER, NOTE))


def test_the_ins_comes_first_then_the_local_number() -> None:
    ids = built("pharmacist").findall("c:recordTarget/c:patientRole/c:id", NS)
    assert [(i.get("root"), i.get("extension")) for i in ids] == [
        (PATIENT.oid, PATIENT.matricule),
        (PATIENT.local_oid, PATIENT.local_id),
    ]


def test_times_are_written_with_their_offset() -> None:
    root = built("pharmacist")
    assert values(root, "c:effectiveTime/@value") == ["20261123103000+0100"]
    assert values(root, "//c:serviceEvent/c:effectiveTime/*/@value") == ["20261123100000+0100", "20261123102500+0100"]
    utc = etree.fromstring(build_document(replace(HEADER, created_at=START.astimezone(UTC)), NOTE))
    assert values(utc, "c:effectiveTime/@value") == ["20261123090000+0000"]


@pytest.mark.parametrize(
    ("birth_date", "written"),
    [
        ("1979-03-28", "19790328"), ("1979-03-00", "19790301"), ("1979-00-28", "19790128"), ("1979-00-00", "19791231"),
        ("1927-31-00", "19271231"), ("1927-20-05", "19270105"),
    ],
)  # fmt: skip
def test_the_birth_date_is_the_corrected_one(birth_date: str, written: str) -> None:
    root = etree.fromstring(build_document(patient(birth_date=birth_date), NOTE))
    assert values(root, "//c:birthTime/@value") == [written]


def test_a_replacement_names_the_document_before() -> None:
    root = built("replacement")
    assert values(root, "c:relatedDocument/@typeCode") == ["RPLC"]
    assert values(root, "c:relatedDocument/c:parentDocument/c:id/@root") == ["2.25.98"]
    assert values(root, "c:versionNumber/@value") == ["2"]
    assert values(built("pharmacist"), "c:relatedDocument") == []


def test_a_site_that_the_dmp_refuses_is_kept_in_the_text_only() -> None:
    root = built("site_the_dmp_refuses")
    assert values(root, f"{ENTRY}/c:approachSiteCode") == []
    assert values(root, "//c:content[@ID='vac-1-site']/text()") == ["épaule droite"]
    assert values(built("pharmacist"), f"{ENTRY}/c:approachSiteCode/@code") == ["16217701000119102"]


def test_the_vaccinateur_is_an_author_and_the_performer_of_act_and_entry() -> None:
    root = built("pharmacist_and_nurse")
    ps = "[@root='1.2.250.1.71.4.2.1']/@extension"
    assert NURSE.id in values(root, f"c:author/c:assignedAuthor/c:id{ps}")
    assert values(root, f"//c:serviceEvent/c:performer/c:assignedEntity/c:id{ps}") == [NURSE.id]
    assert values(root, f"{ENTRY}/c:performer/c:assignedEntity/c:id{ps}") == [NURSE.id]
    assert values(root, f"c:legalAuthenticator/c:assignedEntity/c:id{ps}") == values(
        root, f"c:author[1]/c:assignedAuthor/c:id{ps}"
    )


def test_phones_are_written_as_dialled() -> None:
    root = built("address_and_phone")
    assert values(root, "//c:patientRole/c:telecom/@value") == ["tel:+330600000001"]
    assert values(root, "//c:patientRole/c:addr/c:streetAddressLine/text()")[-1] == "33000 Bordeaux"


@pytest.mark.parametrize(("value", "written"), [("0.50", "0.5"), ("10", "10"), ("1E+2", "100"), ("0.001", "0.001")])
def test_a_dose_is_written_without_exponent(value: str, written: str) -> None:
    root = etree.fromstring(build_document(HEADER, replace(NOTE, dose=Dose(Decimal(value), "mL"))))
    assert values(root, f"{ENTRY}/c:doseQuantity/@value") == [written]
    assert f"{written} mL" in values(root, "//c:section/c:text//c:td/text()")


def test_optional_fields_that_are_absent_leave_nothing() -> None:
    root = built("no_optional_field")
    for name in ("routeCode", "approachSiteCode", "doseQuantity", "entryRelationship"):
        assert values(root, f"{ENTRY}/c:{name}") == []
    assert len(values(root, "//c:translation/@code")) == 1


def test_markup_in_a_text_stays_text() -> None:
    name = "</name><evil/>&amp;"
    root = etree.fromstring(build_document(HEADER, replace(NOTE, vaccine=replace(NOTE.vaccine, name=name))))
    assert values(root, "//c:manufacturedMaterial/c:name/text()") == [name]
    assert values(root, "//c:evil") == []


def test_an_address_has_at_most_seven_lines() -> None:
    lines = Address(tuple(f"ligne {n}" for n in range(9)), "33000", "BORDEAUX").as_lines()
    assert len(lines) == 7
    assert lines[-1] == "33000 BORDEAUX"


def test_what_the_rules_should_have_refused_is_not_built() -> None:
    with pytest.raises(UnknownCode):
        build_document(HEADER, replace(NOTE, act_code="RAPPEL"))


DOCUMENT = build_document(HEADER, replace(NOTE, date=date(2026, 11, 23)))
ENTRY_BYTES = DOCUMENT[DOCUMENT.index(b"<entry>") : DOCUMENT.index(b"</entry>") + len(b"</entry>")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"encoding='UTF-8'", b"encoding='ISO-8859-1'", "BUILT_ENCODING"),
        (b'<templateId root="1.2.250.1.213.1.1.1.46" extension="2023.01"/>', b"", "BUILT_TEMPLATES"),
        (b'extension="2023.01"', b'extension="2021.01"', "BUILT_TEMPLATES"),
        (ENTRY_BYTES, ENTRY_BYTES * 2, "BUILT_ENTRIES"),
        (b'"#vac-1-site"', b'"#vac-1-sit"', "BUILT_REFERENCE"),
        (b'ID="vac-1-site"', b'ID="vac-1"', "BUILT_ANCHOR"),
        (b"CFA91B36", b"cfa91b36", "BUILT_UUID_CASE"),
        (b'<patientRole><id root="1.2.250.1.213.1.4.10"', b'<patientRole><id root="1.2.3"', "BUILT_INS_FIRST"),
        (b">LOTTEST01</lotNumberText>", b"> </lotNumberText>", "BUILT_EMPTY"),
        (b"<realmCode", b"<realm Code", "BUILT_UNREADABLE"),
    ],
)
def test_a_built_document_that_was_spoilt_is_seen(old: bytes, new: bytes, code: str) -> None:
    assert old in DOCUMENT
    assert code in built_document_problems(DOCUMENT.replace(old, new))
