"""What the official validators let through (cda reference §3.5): one mutant for each, refused with the code told."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from document_samples import (
    DEVICE,
    FILES,
    FULL_NOTE,
    N1_HEADER,
    PDF,
    PREPARATEUR,
    TROD_HEADER,
    Sample,
    trod,
)
from lxml import etree
from note_samples import BY_NURSE, BY_PHARMACIST, HEADER, NOTE, NOW, PATIENT, PHARMACIST, PHARMACY, START, VACCINE
from pikepdf import ObjectStreamMode, Pdf

from hub_interop.cda import (
    Author,
    DeviceAuthor,
    Dose,
    UnstructuredBody,
    XsdValidator,
    build_document,
    built_document_problems,
    check_document,
)
from hub_interop.pdf import FileLimits, FileRefused, PdfLabels, examine
from hub_interop.xds.from_cda import document_entry
from hub_interop.xds.metadata import CodedValue, SubmissionSet
from hub_interop.xds.rules import check_submission

Refused = tuple[str, Sample]
"""A document that the rules refuse, with that code only."""
LATER = NOW + timedelta(days=1)
NAIVE = START.replace(tzinfo=None)


@dataclass(frozen=True)
class Spoilt:
    """A good document that was changed after it was built: `built_document_problems` tells `code`."""

    code: str
    sample: Sample
    pattern: str
    new: str = ""


@dataclass(frozen=True)
class Accepted:
    """Optional in the model: the document without it is accepted, whole, and valid for the XSD."""

    sample: Sample


@dataclass(frozen=True)
class Written:
    """Nobody can tell it wrong: the builder writes it, `path` finds `expected` whatever the act says."""

    sample: Sample
    path: str
    expected: tuple[str, ...]


Row = Refused | Spoilt | Accepted | Written


def n1(**changes: object) -> Sample:
    return replace(N1_HEADER, **changes), FILES["pdf"]  # type: ignore[arg-type]


def who(**changes: object) -> Sample:
    return n1(patient=replace(PATIENT, **changes))  # type: ignore[arg-type]


def by(**changes: object) -> Sample:
    return n1(authors=(replace(BY_PHARMACIST, professional=replace(PHARMACIST, **changes)),))  # type: ignore[arg-type]


def device(**changes: object) -> Sample:
    made: DeviceAuthor = replace(DEVICE, device=replace(DEVICE.device, **changes))  # type: ignore[arg-type]
    return n1(authors=(BY_PHARMACIST, made))


def at(**changes: object) -> Sample:
    author: Author = replace(BY_PHARMACIST, organisation=replace(PHARMACY, **changes))  # type: ignore[arg-type]
    return n1(authors=(author,))


def file(content: bytes, media_type: str = "application/pdf") -> Sample:
    return N1_HEADER, UnstructuredBody(content, media_type)


def note(**changes: object) -> Sample:
    return HEADER, replace(NOTE, **changes)  # type: ignore[arg-type]


def vaccine(**changes: object) -> Sample:
    return note(vaccine=replace(VACCINE, **changes))  # type: ignore[arg-type]


FILE: Sample = (N1_HEADER, FILES["pdf"])
FULL: Sample = (HEADER, FULL_NOTE)
TYPE = "/c:ClinicalDocument/c:code/@*"
GAPS: dict[str, tuple[Row, ...]] = {
    "effectiveTime without zone or time": (
        ("DOC_TIME_WITHOUT_ZONE", n1(created_at=NAIVE)),
        ("DOC_TIME_WITHOUT_ZONE", n1(service_start=NAIVE)),
        Written(FILE, "/c:ClinicalDocument/c:effectiveTime/@value", ("20261123103000+0100",)),
    ),
    "typeCode with a wrong codeSystem or displayName": (
        ("DOC_TYPE_UNKNOWN", n1(kind="78601-2 ")),
        Written(FULL, TYPE, ("87273-9", "Note de vaccination", "2.16.840.1.113883.6.1", "LOINC")),
    ),
    "INS absent (IPP only)": (
        ("PATIENT_INS_INVALID", who(matricule="")),
        ("PATIENT_INS_OID_INVALID", who(oid=PATIENT.local_oid)),
    ),
    "INS not first": (
        Spoilt("BUILT_INS_FIRST", FILE, r"(<patientRole>)(<id [^>]*/>)(<id [^>]*/>)", r"\1\3\2"),
        Written(FILE, "//c:patientRole/c:id[1]/@extension", (PATIENT.matricule,)),
    ),
    "wrong NIR key": (("PATIENT_INS_INVALID", who(matricule="279035121518988")),),
    "COG not 5 characters": (("PATIENT_TRAIT_INVALID", who(birth_place_code="5121")),),
    "no birthplace city": (Accepted(who(birth_place_city=None)),),
    "author without id root 1.2.250.1.71.4.2.1": (
        ("AUTHOR_ID_INVALID", by(id="")),
        ("DEVICE_ID_INVALID", device(id="")),
        Written(FILE, "//c:assignedAuthor/c:id/@root", ("1.2.250.1.71.4.2.1",)),
    ),
    "author without code": (
        ("AUTHOR_SPECIALTY_UNKNOWN", by(specialty="")),
        ("DEVICE_KIND_UNKNOWN", device(specialty="")),
    ),
    "author without organisation": (("STRUCTURE_ID_INVALID", at(id="")),),
    "author without person": (
        ("AUTHOR_NAME_MISSING", by(family_name="")),
        ("DEVICE_NAME_MISSING", device(model="")),
        ("AUTHOR_MISSING", n1(authors=())),
    ),
    "custodian without name": (("STRUCTURE_NAME_MISSING", at(name="")),),
    "versionNumber 0, -1, or 2 without RPLC": tuple(("DOC_VERSION_INVALID", n1(version=n)) for n in (0, -1, 2)),
    "id = setId": (("DOC_SET_ID_INVALID", n1(set_id=N1_HEADER.unique_id)),),
    "id or setId with extension": (
        ("DOC_ID_INVALID", n1(unique_id="2.25.1^2")),
        ("DOC_SET_ID_INVALID", n1(set_id="2.25.1^2")),
        ("DOC_REPLACED_ID_INVALID", n1(version=2, replaces="2.25.1^2")),
    ),
    "serviceEvent stop before start": (("ACT_STOP_BEFORE_START", n1(service_stop=START - timedelta(seconds=1))),),
    'birthTime "1979"': (("PATIENT_TRAIT_INVALID", who(birth_date="1979")),),
    "confidentiality L, M, U": tuple(
        row
        for code in "LMU"
        for row in (
            ("DOC_CONFIDENTIALITY_UNKNOWN", n1(confidentiality=code)),
            ("DOC_MASK_UNKNOWN", n1(masks=(code,))),
        )
    ),
    "legalAuthenticator different from the author": (
        ("AUTHOR_RESPONSIBLE_NOT_NEEDED", n1(responsible=BY_NURSE)),
        ("AUTHOR_RESPONSIBLE_MISSING", n1(authors=(PREPARATEUR,))),
        ("AUTHOR_RESPONSIBLE_INVALID", n1(authors=(PREPARATEUR,), responsible=PREPARATEUR)),
    ),
    "no informationRecipient": (Accepted(n1(recipients=())),),
    "body empty": (
        ("FILE_EMPTY", file(b"")),
        Spoilt("BUILT_BODY", FILE, r"JVBER[^<]*"),
    ),
    "body not base64": (Spoilt("BUILT_BODY", FILE, r"JVBERi0", "%PDF-1."),),
    "body not a PDF": (
        ("FILE_NOT_PDF", file(b"\xff\xd8\xff\xe0 a picture")),
        ("FILE_NOT_TEXT", file(PDF + b"\xff", "text/plain")),
    ),
    "body not PDF/A": (),  # the examination of the file refuses it: see its own test below
    "wrong mediaType or none": (
        ("FILE_MEDIA_TYPE_UNKNOWN", file(PDF, "image/png")),
        ("FILE_MEDIA_TYPE_UNKNOWN", file(PDF, "")),
        Spoilt("BUILT_BODY", FILE, r' mediaType="[^"]*"'),
    ),
    "representation TXT": (Spoilt("BUILT_BODY", FILE, r'"B64"', '"TXT"'),),
    "two documents of the same id": (),  # the rules of a submission refuse them: see their own test below
    "empty lot number": (
        ("VAC_LOT_NUMBER_MISSING", vaccine(lot_number="")),
        ("VAC_LOT_NUMBER_INVALID", vaccine(lot_number="--")),
    ),
    "unknown CIS/ATC/CIP numbers": (
        ("VAC_CIS_INVALID", vaccine(cis="6874750")),
        ("VAC_ATC_INVALID", vaccine(atc="N02BE01")),
        ("VAC_CIP_INVALID", vaccine(cip="3400932857242")),
    ),
    "CIS code absent with codeSystem kept": (("VAC_CIS_MISSING", vaccine(cis=None)),),
    "date in the future": (
        ("VAC_DATE_IN_FUTURE", note(date=date(2026, 11, 25))),
        ("TROD_SAMPLED_IN_FUTURE", (TROD_HEADER, trod(sampled_at=LATER))),
        ("DOC_CREATED_IN_FUTURE", n1(created_at=LATER)),
        ("ACT_START_IN_FUTURE", n1(service_start=LATER, service_stop=None)),
    ),
    "no route": (Accepted(note(route=None)),),
    "no site": (Accepted(note(site=None)),),
    "no dose": (Accepted(note(dose=None)),),
    "no performer": (
        Written(
            (replace(HEADER, performer=None), NOTE), "//c:serviceEvent/c:performer//c:id[1]/@extension",
            (PHARMACIST.id, PHARMACY.id),
        ),
    ),
    "no rank": (Accepted(note(rank=None)),),
    "rank 0": (("VAC_RANK_INVALID", note(rank=0)),),
    "non UCUM dose unit": (("VAC_DOSE_UNIT_UNKNOWN", note(dose=Dose(Decimal(1), "ml"))),),
    "dangling #reference": (Spoilt("BUILT_REFERENCE", FULL, r'value="#vac-1"', 'value="#vac-2"'),),
    "no section text": (Spoilt("BUILT_BODY", FULL, r"<text>.*?</text>"),),
    "section without templateId": (Spoilt("BUILT_BODY", FULL, r"(<section>)(<templateId [^>]*/>)+", r"\1"),),
    "missing volet templateId": (
        Spoilt("BUILT_TEMPLATES", FULL, r'<templateId root="1\.2\.250\.1\.213\.1\.1\.1\.46"[^>]*/>'),
        Spoilt("BUILT_TEMPLATES", (TROD_HEADER, trod()), r'<templateId root="1\.2\.250\.1\.213\.1\.1\.1\.59"[^>]*/>'),
    ),
}  # fmt: skip
"""cda reference §3.5, point by point."""
ELSEWHERE = {"body not PDF/A", "two documents of the same id"}
ROWS = [(f"{gap} {number}", row) for gap, rows in GAPS.items() for number, row in enumerate(rows)]


def rows(kind: type) -> pytest.MarkDecorator:
    """The rows of that kind."""
    chosen = [(name, row) for name, row in ROWS if isinstance(row, kind)]
    return pytest.mark.parametrize("row", [row for _, row in chosen], ids=[name for name, _ in chosen])


@rows(tuple)
def test_what_the_validators_let_through_is_refused_with_that_very_code(row: Refused) -> None:
    code, sample = row
    assert [problem.code for problem in check_document(*sample, NOW)] == [code]


@rows(Spoilt)
def test_what_is_spoilt_after_building_is_seen_with_that_very_code(row: Spoilt) -> None:
    assert check_document(*row.sample, NOW) == []
    document = build_document(*row.sample).decode()
    assert built_document_problems(document.encode()) == []
    spoilt, count = re.subn(row.pattern, row.new, document, count=1, flags=re.DOTALL)
    assert count == 1
    assert row.code in built_document_problems(spoilt.encode())


@rows(Accepted)
def test_what_is_optional_in_the_model_is_accepted(row: Accepted) -> None:
    assert check_document(*row.sample, NOW) == []
    assert built_document_problems(build_document(*row.sample)) == []


@pytest.mark.ans
@rows(Accepted)
def test_what_is_optional_in_the_model_is_valid(row: Accepted, ans_dir: Path) -> None:
    assert XsdValidator(ans_dir).problems(build_document(*row.sample)) == []


@rows(Written)
def test_what_nobody_can_tell_wrong_is_written_by_the_builder(row: Written) -> None:
    assert check_document(*row.sample, NOW) == []
    found = etree.fromstring(build_document(*row.sample)).xpath(row.path, namespaces={"c": "urn:hl7-org:v3"})
    assert tuple(found) == row.expected


def test_every_gap_has_a_row() -> None:
    assert {gap for gap, found in GAPS.items() if not found} == ELSEWHERE


def test_a_file_that_is_not_pdf_a_is_refused_by_its_examination() -> None:
    made, written = Pdf.new(), BytesIO()
    made.add_blank_page()
    made.save(written, object_stream_mode=ObjectStreamMode.disable)
    assert check_document(*file(written.getvalue()), NOW) == []  # not here
    found = examine(written.getvalue(), "application/pdf", FileLimits(), PdfLabels("Titre", "Auteur", START, "2.25.1"))
    assert isinstance(found, FileRefused)
    assert "PDF_NOT_PDFA" in {problem.code for problem in found.problems}


def test_two_documents_of_the_same_id_are_refused_in_a_submission() -> None:
    first = document_entry(*FILE, "urn:uuid:cfa91b36-8c90-460e-873f-c26f5a863012").describing(b"x")
    package = SubmissionSet(
        entry_id="urn:uuid:883eec84-5a3a-4e65-814f-0acbd7d471cb", unique_id="2.25.7", source_id="2.25.8",
        patient_id=first.patient_id, submission_time="20261124100000", authors=first.authors,
        content_type=CodedValue("04", "1.2.250.1.213.2.2", "Hospitalisation de jour"),
    )  # fmt: skip

    def codes(unique_id: str) -> set[str]:
        second = replace(first, entry_id="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1", unique_id=unique_id)
        return {violation.code for violation in check_submission(package, (first, second))}

    assert codes(first.unique_id) - codes("2.25.99") == {"XDS_DUPLICATE"}


def test_the_table_of_gaps_is_that_of_the_reference() -> None:
    """Every word of the reference's list that names a gap is in the table (skipped where there is no reference)."""
    reference = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "cda.md"
    if not reference.exists():
        pytest.skip("no reference")
    listed = (
        reference.read_text("utf-8").split("### 3.5")[1].split("Caught:")[0].split("[M] (rules for the builder)")[1]
    )
    others = {"Note", "vaccination", "then", "model", "schematron", "selected"}
    words = set(re.findall(r"[A-Za-zé/-]{4,}", listed)) - others
    table = " ".join(GAPS)
    assert {word for word in words if word not in table} == set()
