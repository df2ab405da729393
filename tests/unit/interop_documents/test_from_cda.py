"""The metadata say of a document what the document says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from document_samples import DEVICE, FILES, N1_HEADER, N1_KINDS, TROD_HEADER, every_document, trod
from lxml import etree
from note_samples import HEADER, NOTE, NOW, PATIENT, START, patient

from hub_interop.cda import DocumentHeader, build_document
from hub_interop.terminologies import Concept, UnknownCode, class_of_type, install, uninstall, value_set
from hub_interop.xds import metadata
from hub_interop.xds.composites import Cx, Xcn, Xon
from hub_interop.xds.from_cda import document_entry, document_entry_of, entry_facts
from hub_interop.xds.metadata import CodedValue
from hub_interop.xds.rules import SubmissionRules, check_document

ENTRY_ID = "urn:uuid:cfa91b36-8c90-460e-873f-c26f5a863012"
NS = {"c": "urn:hl7-org:v3"}
DOCUMENTS = every_document()
TROD_FORMAT = Concept("urn:ans:ci-sis:trod:2024", "1.2.250.1.213.1.1.4.2.282", "Test rapide d'orientation diagnostique")
PHARMACIST_CODE = CodedValue("G15_21/A", "1.2.250.1.213.1.1.4.5", "Pharmacien titulaire d'officine")


@pytest.fixture(autouse=True)
def formats() -> Iterator[None]:
    """A J60 that knows the rapid tests, whatever the version of the shipped one."""
    known = value_set("document_format")
    install(replace(known, concepts={TROD_FORMAT.code: TROD_FORMAT} | known.concepts))
    yield
    uninstall("document_format")


def test_a_note_de_vaccination_is_described_field_by_field() -> None:
    person = Xcn("801234567897", "TESTOFFICINE", "Camille", "1.2.250.1.71.4.2.1")
    assert document_entry(replace(HEADER, patient=replace(PATIENT, used_name="DURAND")), NOTE, ENTRY_ID) == (
        metadata.DocumentEntry(
            entry_id=ENTRY_ID,
            unique_id="2.25.275412345678901234567890123456789012345",
            patient_id=Cx("279035121518989", "1.2.250.1.213.1.4.10"),
            mime_type="text/xml",
            authors=(
                metadata.Author(
                    person=person,
                    institutions=(Xon("PHARMACIE DE TEST", "1330000001", "1.2.250.1.71.4.2.2"),),
                    specialties=(PHARMACIST_CODE,),
                ),
            ),
            class_code=CodedValue("52", "1.2.250.1.213.1.1.4.1", "Certificat, déclaration"),
            type_code=CodedValue("87273-9", "2.16.840.1.113883.6.1", "Note de vaccination"),
            format_code=CodedValue("urn:asip:ci-sis:vac-note:2021", "1.2.250.1.213.1.1.4.2.282", "Note de vaccination"),
            confidentiality=(CodedValue("N", "2.16.840.1.113883.5.25", "Normal"),),
            facility_type=CodedValue("SA33", "1.2.250.1.71.4.2.4", "Pharmacie d'officine"),
            practice_setting=CodedValue("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
            creation_time="20261123093000",
            language="fr-FR",
            legal_authenticator=person,
            service_start="20261123090000",
            service_stop="20261123092500",
            source_patient_id=Cx("000123", "1.2.3.4.567.8.9.10", "PI"),
            source_patient_info=(
                "PID-5|PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L",
                "PID-5|DURAND^DOMINIQUE^^^^^D",
                "PID-7|19790328",
                "PID-8|F",
                "PID-11|^^^^^^BDL^^51215",
            ),
            title="Note de vaccination",
        )
    )


def one(root: etree._Element, path: str) -> str:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    assert len(found) == 1, path
    return str(found[0])


def several(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(item) for item in found]


def utc(root: etree._Element, path: str) -> str:
    return datetime.strptime(one(root, path), "%Y%m%d%H%M%S%z").astimezone(UTC).strftime("%Y%m%d%H%M%S")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_entry_agrees_with_the_document(name: str) -> None:
    header, body = DOCUMENTS[name]
    entry, root = document_entry(header, body, ENTRY_ID), etree.fromstring(build_document(header, body))
    assert entry.unique_id == one(root, "c:id/@root")
    assert entry.title == one(root, "c:title/text()")
    assert entry.creation_time == utc(root, "c:effectiveTime/@value")
    assert entry.language == one(root, "c:languageCode/@code")
    assert entry.type_code is not None
    assert entry.type_code.code == one(root, "c:code/@code")
    assert entry.class_code is not None
    assert entry.class_code.code == class_of_type(header.kind).code
    assert [author.person.id for author in entry.authors if author.person] == several(
        root, "c:author/c:assignedAuthor/c:id/@extension"
    )
    assert [role for author in entry.authors for role in author.roles] == several(
        root, "c:author/c:functionCode/@displayName"
    )
    assert [item.code for author in entry.authors for item in author.specialties] == several(
        root, "c:author/c:assignedAuthor/c:code/@code"
    )
    assert entry.legal_authenticator is not None
    assert entry.legal_authenticator.id == one(root, "c:legalAuthenticator/c:assignedEntity/c:id/@extension")
    event = "c:documentationOf[1]/c:serviceEvent"
    assert entry.service_start == utc(root, f"{event}/c:effectiveTime/c:low/@value")
    if header.service_stop is not None:
        assert entry.service_stop == utc(root, f"{event}/c:effectiveTime/c:high/@value")
    else:
        assert entry.service_stop is None
    assert entry.practice_setting is not None
    assert entry.practice_setting.code == one(root, f"{event}/c:performer//c:standardIndustryClassCode/@code")
    assert entry.facility_type is not None
    assert entry.facility_type.code == one(root, "c:componentOf//c:healthCareFacility/c:code/@code")
    assert [entry.patient_id.id, entry.source_patient_id.id if entry.source_patient_id else None] == several(
        root, "c:recordTarget/c:patientRole/c:id/@extension"
    )
    assert [code.code for code in entry.confidentiality] == [one(root, "c:confidentialityCode/@code"), *header.masks]
    born = one(root, "//c:birthTime/@value")
    assert f"PID-7|{born}" in entry.source_patient_info


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_described_satisfies_the_registry_s_rules(name: str) -> None:
    header, body = DOCUMENTS[name]
    entry = document_entry(header, body, ENTRY_ID).describing(build_document(header, body))
    rules = SubmissionRules(production=False)
    broken = {violation.code for violation in check_document(entry, rules=rules)}
    # a rapid test is DEPISTAGE by its model, which the rule of sectors (EX_GEN-1377) may not know
    assert broken <= ({"XDS_SECTOR"} if name.startswith("trod") else set())


@pytest.mark.parametrize("kind", N1_KINDS)
@pytest.mark.parametrize(("media", "code"), [("pdf", "pdf"), ("text", "text")])
def test_the_format_of_a_file_is_that_of_its_media_type(kind: str, media: str, code: str) -> None:
    entry = document_entry(replace(N1_HEADER, kind=kind), FILES[media], ENTRY_ID)
    assert entry.format_code is not None
    assert entry.format_code.code == f"urn:ihe:iti:xds-sd:{code}:2008"
    assert entry.format_code.scheme == "1.3.6.1.4.1.19376.1.2.3"


def test_the_facts_of_a_rapid_test_are_those_of_its_model() -> None:
    facts = entry_facts(replace(TROD_HEADER, masks=("MASQUE_PS",)), trod())
    assert (facts.type, facts.format, facts.practice_setting, facts.facility) == (
        "96173-0", "urn:ans:ci-sis:trod:2024", "DEPISTAGE", "SA33",
    )  # fmt: skip
    assert facts.confidentiality == ("N", "MASQUE_PS")
    assert document_entry_of(facts, ENTRY_ID).format_code == CodedValue(
        TROD_FORMAT.code, TROD_FORMAT.system, value_set("document_format").concepts[TROD_FORMAT.code].label
    )


def test_a_device_and_a_delegate_are_written_as_what_they_are() -> None:
    header, body = DOCUMENTS["n1_device"]
    machine = document_entry(header, body, ENTRY_ID).authors[0].person
    assert machine is not None
    assert machine.format() == (
        "3330000001/88^Relevés \\T\\ Cie 4.2^Tensiomètre connecté X1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI"
    )
    header, body = DOCUMENTS["n1_preparateur"]
    entry = document_entry(header, body, ENTRY_ID)
    writer = entry.authors[0].person
    assert writer is not None
    assert writer.format().endswith("^D^^^EI")
    assert entry.legal_authenticator == entry.authors[1].person


def test_times_are_in_utc_whatever_the_offset() -> None:
    reunion = START.astimezone(timezone(timedelta(hours=4)))
    header = replace(HEADER, service_start=reunion, service_stop=None, created_at=NOW)
    entry = document_entry(header, NOTE, ENTRY_ID)
    assert (entry.service_start, entry.service_stop, entry.creation_time) == (
        "20261123090000", None, "20261124100000",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"birth_date": "1979-00-00"}, "PID-7|19791231"),
        ({"sex": "UN"}, "PID-8|U"),
        ({"birth_given_names": "DOMINIQUE"}, "PID-5|PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L"),
        ({"used_given_name": "Domi"}, "PID-5|PAT-TROIS^Domi^^^^^D"),
        ({"used_name": "DURAND"}, "PID-5|DURAND^DOMINIQUE^^^^^D"),
        ({"used_name": " DURAND & FILS "}, "PID-5|DURAND \\T\\ FILS^DOMINIQUE^^^^^D"),
        (
            {"first_birth_given_name": "ANNE LAURE", "birth_given_names": "ANNE LAURE MARIE"},
            "PID-5|PAT-TROIS^ANNE LAURE^ANNE LAURE MARIE^^^^L",
        ),
    ],
)
def test_the_traits_are_those_of_the_identity(changes: dict[str, str], told: str) -> None:
    header: DocumentHeader = patient(**changes)
    assert told in document_entry(header, NOTE, ENTRY_ID).source_patient_info


@pytest.mark.parametrize(
    ("family", "given", "names"),
    [
        ("DURAND", None, ("DURAND", "DOMINIQUE")),
        (None, "Domi", ("PAT-TROIS", "Domi")),
        ("DURAND", "Domi", ("DURAND", "Domi")),
        (None, None, None),
        ("", " ", None),
    ],
)
def test_document_and_metadata_say_the_same_used_names(
    family: str | None, given: str | None, names: tuple[str, str] | None
) -> None:
    header: DocumentHeader = patient(used_name=family, used_given_name=given)
    assert header.patient.used_names == names
    root = etree.fromstring(build_document(header, NOTE))
    found = [node.text for node in root.iterfind(".//{*}patient/{*}name/*[@qualifier='CL']")]
    assert found == list(names or ())
    told = [value for value in document_entry(header, NOTE, ENTRY_ID).source_patient_info if value.endswith("^D")]
    assert told == ([f"PID-5|{names[0]}^{names[1]}^^^^^D"] if names else [])


def test_the_facts_are_plain_and_can_travel() -> None:
    header, body = DOCUMENTS["n1_several"]
    facts = entry_facts(header, body)
    plain = json.loads(json.dumps(asdict(facts), default=lambda moment: moment.isoformat()))
    assert plain["authors"][0]["role"] == "353"
    assert plain["authors"][1]["device"] is True
    assert plain["authors"][1]["structure_id"] == DEVICE.organisation.id
    assert plain["patient"]["matricule"] == PATIENT.matricule
    assert document_entry_of(facts, ENTRY_ID) == document_entry(header, body, ENTRY_ID)


def test_no_repr_of_the_facts_holds_a_trait_or_the_title() -> None:
    shown = repr(entry_facts(HEADER, NOTE)) + repr(entry_facts(HEADER, NOTE).patient)
    for secret in ("PAT-TROIS", "279035121518989", "Note de vaccination", "DOMINIQUE", "1979"):
        assert secret not in shown


def test_a_type_without_class_cannot_be_described() -> None:
    facts = entry_facts(N1_HEADER, FILES["pdf"])
    with pytest.raises(UnknownCode):
        document_entry_of(replace(facts, type="x"), ENTRY_ID)
