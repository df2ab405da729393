"""Any CDA as a report: header, narrative, embedded file; hostile ones refused or shown flat."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from report_samples import CREATED

from hub_interop.pdf import report_pdf
from hub_interop.report import (
    Block,
    Bullets,
    Notice,
    Paragraph,
    Table,
    embedded_file,
    report_from_cda,
    report_html,
)
from hub_interop.soap.errors import MessageUnreadable

HEADER = """
<title>Compte rendu</title><effectiveTime value="20261124103000+0100"/><versionNumber value="2"/>
<recordTarget><patientRole>
<id root="1.2.3" extension="local-9"/><id root="1.2.250.1.213.1.4.8" extension="279035121518989"/>
<patient><name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE MARIE</given>
<given qualifier="BR">DOMINIQUE</given><family qualifier="CL">D'ÉTÉ</family></name>
<administrativeGenderCode code="F"/><birthTime value="19790328"/>
<birthplace><place><addr><county>51215</county><city>DOMPREMY</city></addr></place></birthplace></patient>
</patientRole></recordTarget>
<author><functionCode displayName="Médecin traitant"/><assignedAuthor><code displayName="Pharmacien"/>
<assignedPerson><name><prefix>MME</prefix><given>Camille</given><family>TEST</family></name></assignedPerson>
<representedOrganization><id extension="1330000001"/><name>PHARMACIE</name><telecom value="tel:0500000001"/>
<addr><houseNumber>12</houseNumber><streetName>Rue X</streetName><postalCode>33000</postalCode>
<city>BORDEAUX</city></addr>
</representedOrganization></assignedAuthor></author>
<author><assignedAuthor><assignedAuthoringDevice><softwareName>Logiciel</softwareName></assignedAuthoringDevice>
</assignedAuthor></author>
<relatedDocument typeCode="RPLC"/>
"""


def cda(body: str, header: str = HEADER) -> bytes:
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3">{header}{body}</ClinicalDocument>'.encode()


def structured(text: str) -> bytes:
    section = f"<section><title>Titre</title><text>{text}</text></section>"
    return cda(f"<component><structuredBody><component>{section}</component></structuredBody></component>")


def blocks(text: str) -> tuple[Block, ...]:
    (section,) = report_from_cda(structured(text)).sections
    assert section.heading == "Titre"
    return section.blocks


def texts(text: str) -> list[object]:
    """The blocks as plain values."""
    shown: list[object] = []
    for block in blocks(text):
        match block:
            case Paragraph():
                shown.append(block.text)
            case Bullets():
                shown.append(list(block.items))
            case Table():
                shown.append([block.columns, *block.rows])
            case other:
                shown.append(other)
    return shown


def test_header() -> None:
    report = report_from_cda(structured("x"))
    patient = report.patient
    assert (report.title, report.date) == (
        "Compte rendu",
        datetime(2026, 11, 24, 10, 30, tzinfo=timezone(timedelta(hours=1))),
    )
    assert report.reference == "Version 2. Annule et remplace une version précédente."
    assert (patient.birth_name, patient.used_name, patient.given_names) == ("PAT-TROIS", "D'ÉTÉ", "DOMINIQUE MARIE")
    assert (patient.first_name, patient.sex, patient.birth_date) == ("DOMINIQUE", "F", "1979-03-28")
    assert (patient.birth_place, patient.matricule) == ("DOMPREMY (51215)", "279035121518989")
    assert patient.matricule_label == "INS-NIR"
    assert [(a.name, a.profession, a.role) for a in report.authors] == [
        ("MME Camille TEST", "Pharmacien", "Médecin traitant"),
        ("Logiciel", "", None),
    ]
    letterhead = report.letterhead
    assert (letterhead.name, letterhead.phone) == ("PHARMACIE", "0500000001")
    assert letterhead.lines == ("12 Rue X", "33000 BORDEAUX")
    assert letterhead.identifier == "Identifiant national 1330000001"


def test_a_header_with_nothing_in_it() -> None:
    report = report_from_cda(cda("", ""))
    assert (report.title, report.sections, report.authors) == ("Document sans titre", (), ())
    assert report.date == datetime(1, 1, 1, tzinfo=UTC)
    assert report_pdf(report, CREATED, "1.2").startswith(b"%PDF")
    assert "<h1>" in report_html(report)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026", (2026, 1, 1, 0, 0)),
        ("20261124", (2026, 11, 24, 0, 0)),
        ("202611241030", (2026, 11, 24, 10, 30)),
        ("20261324", (1, 1, 1, 0, 0)),
        ("x", (1, 1, 1, 0, 0)),
        ("20261124103000+9999", (1, 1, 1, 0, 0)),
    ],
)
def test_dates(value: str, expected: tuple[int, ...]) -> None:
    found = report_from_cda(cda("", f'<effectiveTime value="{value}"/>')).date
    assert (found.year, found.month, found.day, found.hour, found.minute) == expected


def test_paragraphs_and_loose_text() -> None:
    assert texts("avant <paragraph>un\n  deux</paragraph> entre <content>trois<br/>quatre</content> fin") == [
        "avant", "un deux", "entre trois\nquatre fin",
    ]  # fmt: skip


def test_lists() -> None:
    text = (
        "<list><caption>Liste</caption><item>un</item><item>deux<list listType='ordered'><item>a</item><item>b</item>"
        "</list></item><item/></list>"
    )
    assert texts(text) == ["Liste", ["un", "deux", "– 1. a", "– 2. b"]]


def test_tables() -> None:
    text = (
        "<table><caption>Doses</caption><thead><tr><th>A</th><th>B</th></tr></thead><tfoot><tr><td>pied</td></tr></tfoot>"
        "<tbody><tr><td rowspan='2'>1</td><td>2<br/>3</td></tr><tr><td>4</td></tr>"
        "<tr><td colspan='2'>5</td></tr></tbody></table>"
    )
    assert texts(text) == ["Doses", [("A", "B"), ("pied",), ("1", "2\n3"), ("1", "4"), ("5", "")]]


def test_a_table_without_headings_or_with_ragged_rows() -> None:
    assert texts("<table><tbody><tr><td>1</td></tr><tr><td>2</td><td>3</td></tr></tbody></table>") == [
        [("", ""), ("1",), ("2", "3")]
    ]
    assert texts("<table/>") == []


def test_a_table_in_a_cell_is_read_in_its_cell() -> None:
    text = "<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td><td>d</td></tr></table>"
    assert texts(text) == [[("", ""), ("a\nb c", "d")]]


def test_spans_out_of_all_measure() -> None:
    (table,) = blocks(
        "<table><tr><td colspan='99999' rowspan='99999'>a</td></tr><tr><td colspan='999'>b</td></tr></table>"
    )
    assert isinstance(table, Table)
    assert len(table.columns) <= 200


def test_deletions_and_images_are_said() -> None:
    assert texts("<content revised='delete'>5 mg</content> 10 mg <renderMultiMedia referencedObject='x'/>") == [
        "[supprimé : 5 mg] 10 mg [image non affichée]"
    ]


def test_comments_and_instructions_are_not_text() -> None:
    assert texts("<paragraph>a<!-- caché --><?x caché?>b</paragraph>") == ["ab"]


def test_sections_inside_sections_are_all_shown() -> None:
    inner = "<component><section><code displayName='Code'/><text>b</text></section></component>"
    outer = f"<component><section><text>a</text>{inner}</section></component>"
    body = f"<component><structuredBody>{outer}</structuredBody></component>"
    assert [section.heading for section in report_from_cda(cda(body)).sections] == ["Partie sans titre", "Code"]


def test_too_deep_a_narrative_is_said() -> None:
    (block,) = blocks("<content>" * 100 + "x" + "</content>" * 100)
    assert isinstance(block, Notice)
    assert texts("<content>" * 40 + "x" + "</content>" * 40) == ["x"]


def test_too_many_sections() -> None:
    sections = "<component><section><text>x</text></section></component>" * 501
    with pytest.raises(MessageUnreadable, match="CDA_TOO_MANY_SECTIONS"):
        report_from_cda(cda(f"<component><structuredBody>{sections}</structuredBody></component>"))


def test_nothing_active_goes_through_to_html() -> None:
    page = report_html(
        report_from_cda(structured("<linkHtml href='javascript:alert(1)'>lien</linkHtml>&lt;script&gt;x"))
    )
    assert "javascript:" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"<a/>", "CDA_ROOT"),
        (b"<ClinicalDocument/>", "CDA_ROOT"),
        (b"<ClinicalDocument", "XML_MALFORMED"),
        (b"", "XML_MALFORMED"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ClinicalDocument xmlns="urn:hl7-org:v3"/>', "XML_DOCTYPE"),
    ],
)
def test_unreadable_documents(document: bytes, code: str) -> None:
    for read in (report_from_cda, embedded_file):
        with pytest.raises(MessageUnreadable, match=code):
            read(document)


def test_a_limit_is_kept() -> None:
    with pytest.raises(MessageUnreadable, match="XML_TOO_LARGE"):
        report_from_cda(structured("x"), limit=100)


def body(content: str, attributes: str = "mediaType='application/pdf' representation='B64'") -> bytes:
    return cda(f"<component><nonXMLBody><text {attributes}>{content}</text></nonXMLBody></component>")


def test_the_file_inside() -> None:
    content = bytes(range(256)) * 50_000  # larger than what the XML library takes without being told
    folded = base64.encodebytes(content).decode()
    assert embedded_file(body(folded)) == ("application/pdf", content)
    (section,) = report_from_cda(body("AAAA")).sections
    (notice,) = section.blocks
    assert isinstance(notice, Notice)
    assert "application/pdf" in notice.text


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (body(""), "CDA_FILE_UNREADABLE"),
        (body("é*"), "CDA_FILE_UNREADABLE"),
        (body("AAA"), "CDA_FILE_UNREADABLE"),
        (body("AAAA", "representation='TXT'"), "CDA_FILE_UNREADABLE"),
        (structured("x"), "CDA_NO_FILE"),
    ],
)
def test_no_file_inside(document: bytes, code: str) -> None:
    with pytest.raises(MessageUnreadable, match=code):
        embedded_file(document)


@pytest.mark.ans
def test_official_samples_are_readable_and_printable() -> None:
    """The samples of the ANS: every section has its narrative, the patient and an author are known."""
    folder = Path(os.environ.get("HUB_RULES_DIR", Path(__file__).parents[4] / "shared" / "ans")) / "exemples"
    documents = sorted(folder.glob("*.xml"))
    if not documents:
        pytest.skip("the official samples aren't installed")
    for document in documents:
        report = report_from_cda(document.read_bytes())
        assert report.patient.birth_name == "PAT-TROIS"
        assert report.authors[0].name
        assert report.sections
        assert report.date.year > 2000
        assert report_pdf(report, CREATED, "1.2.3").startswith(b"%PDF-1.4")
