"""What the hub builds, the DMP simulator finds to say the same in the document and in the metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from document_samples import DEVICE, FILES, N1_HEADER, TROD_HEADER, Sample, every_document, trod
from lxml import etree
from note_samples import BY_PHARMACIST, HEADER, NOTE, PHARMACIST, PHARMACY, VARIANTS, patient

from hub_interop.cda import Author, build_document, check_document
from hub_interop.terminologies import Concept, install, uninstall, value_set
from hub_interop.xds import codes
from hub_interop.xds.ebxml import document_entry_xml, submission_set_xml
from hub_interop.xds.from_cda import document_entry
from hub_interop.xds.metadata import CodedValue, SubmissionSet
from hub_simulators.dmp.cda import read_cda
from hub_simulators.dmp.cda_rules import check_against_metadata, check_cda
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.registry_objects import RegistryObject, read_submission

ENTRY_ID = "urn:uuid:cfa91b36-8c90-460e-873f-c26f5a863012"
TROD_FORMAT = Concept("urn:ans:ci-sis:trod:2024", "1.2.250.1.213.1.1.4.2.282", "Test rapide d'orientation diagnostique")
HOSTILE = ("A & B", "A^B", "A~B", "A|B", "A\\B", "\\T\\", "&^~|\\", "A\\&\\B", "É && <Œ>")


@pytest.fixture(autouse=True)
def formats() -> Iterator[None]:
    """A J60 that knows the rapid tests, whatever the version of the shipped one."""
    known = value_set("document_format")
    install(replace(known, concepts={TROD_FORMAT.code: TROD_FORMAT} | known.concepts))
    yield
    uninstall("document_format")


def sent(sample: Sample) -> tuple[bytes, str]:
    """The document, and the registry's request that describes it."""
    document = build_document(*sample)
    entry = document_entry(*sample, ENTRY_ID).describing(document)
    package = SubmissionSet(
        entry_id="urn:uuid:883eec84-5a3a-4e65-814f-0acbd7d471cb", unique_id="2.25.7", source_id="2.25.8",
        patient_id=entry.patient_id, submission_time="20261124100000", authors=entry.authors,
        content_type=CodedValue("04", "1.2.250.1.213.2.2", "Hospitalisation de jour"),
    )  # fmt: skip
    return document, (
        f'<x:R xmlns:x="{codes.XDSB}" xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns="{codes.RIM}">'
        f"<l:SubmitObjectsRequest><RegistryObjectList>{submission_set_xml(package)}{document_entry_xml(entry)}"
        "</RegistryObjectList></l:SubmitObjectsRequest></x:R>"
    )


def refusals(document: bytes, request: str) -> set[str]:
    """The simulator's checks that refuse, but that of the PDF: those of the samples are no PDF/A."""
    findings = Findings()
    submission = read_submission(etree.fromstring(request), findings)
    assert submission is not None
    entry: RegistryObject = submission.entries[0]
    cda = read_cda(document)
    check_cda(cda, entry.id, findings, None, check_key=True)
    check_against_metadata(cda, entry, findings, check_key=True)
    return {error.check for error in findings.errors} - {"n1.pdfa"}


GOOD: dict[str, Sample] = every_document() | {f"note_{name}": sample for name, sample in VARIANTS.items()}


def test_every_document_agrees_with_its_metadata() -> None:
    found = {name: refusals(*sent(sample)) for name, sample in GOOD.items()}
    assert {name: checks for name, checks in found.items() if checks} == {}


@pytest.mark.parametrize(
    "names",
    [
        {"used_name": "DURAND"}, {"used_given_name": "Domi"}, {"used_name": "DURAND", "used_given_name": "Domi"},
        {"used_name": ""}, {"used_name": " DURAND  & FILS ", "used_given_name": " "},
    ],
)  # fmt: skip
@pytest.mark.parametrize("sample", [(HEADER, NOTE), (N1_HEADER, FILES["pdf"]), (TROD_HEADER, trod())])
def test_a_patient_with_any_used_name_is_taken(names: dict[str, str], sample: Sample) -> None:
    header, body = sample
    told = replace(header, patient=replace(header.patient, **names))  # type: ignore[arg-type]
    assert check_document(told, body, HEADER.created_at) == []
    assert refusals(*sent((told, body))) == set()


@pytest.mark.parametrize("text", HOSTILE)
def test_separators_of_hl7_in_names_are_read_as_they_were_written(text: str) -> None:
    machine = replace(DEVICE, device=replace(DEVICE.device, model=text, software=f"{text} 4.2"))
    person = Author(
        replace(PHARMACIST, family_name=text, given_name=f"Zoé {text}"), replace(PHARMACY, name=f"PHARMACIE {text}")
    )
    names = {"local_id": text, "used_name": text, "used_given_name": text}
    header = replace(N1_HEADER, authors=(person, machine), patient=patient(**names).patient)
    assert check_document(header, FILES["pdf"], header.created_at) == []
    document, request = sent((header, FILES["pdf"]))
    assert refusals(document, request) == set()


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("Relevés \\T\\ Cie", "Relevés \\S\\ Cie", "cda.xds.authors"),
        ("Relevés \\T\\ Cie", "Relevés \\X\\ Cie", "cda.xds.authors"),
        ("DUBOIS \\T\\ FILS^Domi", "DUBOIS \\R\\ FILS^Domi", "cda.xds.sourcePatientInfo.used"),
        ("DUBOIS \\T\\ FILS^Domi", "DUBOIS \\T\\ FILS^DOMINIQUE", "cda.xds.sourcePatientInfo.used"),
        ("PAT\\T\\42", "PAT\\E\\42", "cda.xds.sourcePatientId"),
    ],
)
def test_other_names_than_the_document_s_are_refused(old: str, new: str, check: str) -> None:
    who = replace(N1_HEADER.patient, used_name="DUBOIS & FILS", used_given_name="Domi", local_id="PAT&42")
    header = replace(N1_HEADER, authors=(BY_PHARMACIST, DEVICE), patient=who)
    document, request = sent((header, FILES["pdf"]))
    assert refusals(document, request) == set()
    assert len(re.findall(re.escape(old), request)) in (1, 2)
    assert refusals(document, request.replace(old, new)) == {check}
