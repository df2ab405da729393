"""One refusal for each rule of unstructured bodies, TROD, headers, authors, visibility and replacement."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from simulator_kinds import (
    INTERVIEW,
    NOTE,
    PDF_FORMAT,
    TEXT_FORMAT,
    TROD,
    Kind,
    pdf,
)
from simulator_messages import Sender
from simulator_parts import Document, Edit, Mutation, replaces, swap
from test_dmp_documents import GUARDIAN, RECIPIENT

from hub_simulators.dmp.engine import DmpEngine

REGISTRY = "XDSRegistryMetadataError"
REPOSITORY = "XDSRepositoryMetadataError"
XDS_SD = '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>'
GOOD = base64.b64encode(pdf()).decode()


def refused(outcome, engine: DmpEngine, name: str, check: str, text: str) -> None:
    """The DMP answers with this code and this sentence, and keeps nothing."""
    assert outcome.name == "registry_failure", outcome.answer.body.decode()
    found = {error.check: error for error in outcome.errors}
    assert check in found, list(found)
    assert (found[check].code, text in found[check].context) == (name, True), found[check]
    assert engine.store.count() == 0


def body(content: bytes) -> Edit:
    return swap(GOOD, base64.b64encode(content).decode())


def double_text(text: str) -> str:
    start = text.index("<text mediaType")
    return text.replace("</nonXMLBody>", text[start : text.index("</nonXMLBody>")] + "</nonXMLBody>")


UNSTRUCTURED = {
    "no XDS-SD": (swap(XDS_SD, ""), "n1.templates", "exactement trois templateId"),
    "a fourth template": (swap(XDS_SD, XDS_SD + '<templateId root="1.2.3"/>'), "n1.templates", "exactement trois"),
    "XDS-SD twice": (swap(XDS_SD, XDS_SD * 2), "n1.templates", "exactement trois"),
    "template with a version": (swap(XDS_SD, XDS_SD.replace("/>", ' extension="1"/>')), "n1.templates", "exactement"),
    "two texts": (double_text, "n1.body", "un seul élément text"),
    "no text": (
        lambda t: t.replace("<text mediaType", "<x mediaType").replace("</text>", "</x>"),
        "n1.body",
        "un seul élément text",
    ),
    "absent text": (swap("<text mediaType", '<text nullFlavor="NAV" mediaType'), "n1.body", "sans nullFlavor"),
    "reference in the text": (swap(GOOD, '<reference value="http://x"/>'), "n1.body", "un seul élément text"),
    "no media type": (swap(' mediaType="application/pdf"', ""), "n1.mediatype", "application/pdf ou text/plain"),
    "rtf": (swap('"application/pdf"', '"text/rtf"'), "n1.mediatype", "application/pdf ou text/plain"),
    "jpeg": (swap('"application/pdf"', '"image/jpeg"'), "n1.mediatype", "application/pdf ou text/plain"),
    "tiff": (swap('"application/pdf"', '"image/tiff"'), "n1.mediatype", "application/pdf ou text/plain"),
    "representation": (swap('representation="B64"', 'representation="TXT"'), "n1.representation", "B64 attendu"),
    "no representation": (swap(' representation="B64"', ""), "n1.representation", "B64 attendu"),
    "not base64": (swap(GOOD, GOOD[:-4] + "é==="), "n1.base64", "base64 incorrect"),
    "base64 cut": (swap(GOOD, GOOD[:-1]), "n1.base64", "base64 incorrect"),
    "empty": (swap(GOOD, ""), "n1.empty", "contenu vide"),
    "blank": (body(b" \n"), "n1.empty", "contenu vide"),
    "not a PDF": (body(b"<html/>"), "n1.pdf", "PDF entier attendu"),
    "PDF cut": (body(pdf()[:-20]), "n1.pdf", "PDF entier attendu"),
    "PDF of no part": (body(pdf("")), "n1.pdfa", "pdfaid:part 1"),
    "PDF/A-2": (body(pdf().replace(b"<pdfaid:part>1", b"<pdfaid:part>2")), "n1.pdfa", "PDF/A-1 attendu"),
    "two parts": (body(pdf("<pdfaid:part>1</pdfaid:part><pdfaid:part>2</pdfaid:part>")), "n1.pdfa", "PDF/A-1"),
    "no level": (body(pdf("<pdfaid:part>1</pdfaid:part>")), "n1.pdfa", "PDF/A-1 attendu"),
    "other namespace": (body(pdf().replace(b"pdfa/ns/id/", b"pdfa/ns/no/")), "n1.pdfa", "PDF/A-1 attendu"),
    "marker outside the XMP": (
        body(pdf("") + b"<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>%%EOF"),
        "n1.pdfa",
        "PDF/A-1 attendu",
    ),
    "XMP that isn't XML": (body(pdf("<x>")), "n1.pdfa", "PDF/A-1 attendu"),
    "packet without an end": (body(pdf().replace(b"<?xpacket end", b"<?xpacket fin")), "n1.pdfa", "PDF/A-1 attendu"),
    "script": (body(pdf(catalog="/OpenAction << /S /JavaScript /JS (x) >> ")), "n1.pdf.active", "script"),
    "encrypted": (body(pdf().replace(b"/Root", b"/Encrypt 9 0 R /Root")), "n1.pdf.active", "chiffrement"),
    "two bodies": (
        lambda t: t.replace("</ClinicalDocument>", t[t.index("<component>") :]),
        "cda.body",
        "un corps structuré ou non structuré",
    ),
    "format of another medium": (swap('"application/pdf"', '"text/plain"'), "cda.xds.formatCode", "formatCode"),
}


@pytest.mark.parametrize("name", UNSTRUCTURED)
def test_a_wrong_unstructured_body_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, check, text = UNSTRUCTURED[name]
    refused(exchange(sender.td21(Document(kind=INTERVIEW), Mutation(cda=edit))), engine, REPOSITORY, check, text)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"%PDF\x00"])
def test_plain_text_that_is_not_text(exchange, engine: DmpEngine, sender: Sender, content: bytes) -> None:
    document = Document(kind=replace(INTERVIEW, form=TEXT_FORMAT), content=content, media_type="text/plain")
    refused(exchange(sender.td21(document)), engine, REPOSITORY, "n1.text", "texte UTF-8 attendu")


def test_the_formats_of_images_are_for_no_cda(exchange, engine: DmpEngine, sender: Sender) -> None:
    for name in ("rtf", "jpeg", "tiff"):
        form = (f"urn:ihe:iti-fr:xds-sd:{name}:2010", PDF_FORMAT[1], "Document")
        outcome = exchange(sender.td21(Document(kind=replace(INTERVIEW, form=form))))
        refused(outcome, engine, REPOSITORY, "cda.xds.formatCode", "formatCode différent")


@pytest.mark.parametrize("kind", [NOTE, TROD], ids=lambda kind: kind.code)
def test_what_has_a_model_is_structured(exchange, engine: DmpEngine, sender: Sender, kind: Kind) -> None:
    check = {"87273-9": "vac.template", "96173-0": "trod.template"}[kind.code]
    loose = Kind(kind.code, kind.label, kind.group, practice=kind.practice, event=kind.event)
    refused(exchange(sender.td21(Document(kind=loose))), engine, REPOSITORY, check, "templateId du volet")


def test_a_structured_body_that_claims_to_be_unstructured(exchange, engine: DmpEngine, sender: Sender) -> None:
    edit = swap('<id root="1.2.250.1.999', XDS_SD + '<id root="1.2.250.1.999')
    outcome = exchange(sender.td21(Document(kind=TROD), Mutation(cda=edit)))
    refused(outcome, engine, REPOSITORY, "n1.body", "réservé aux corps non structurés")


PRACTICE = 'standardIndustryClassCode code="DEPISTAGE"'
RESULT_TIME = '<effectiveTime value="20261123101500+0100"/>'
TESTS = {
    "volet version": (swap('extension="2024.01"', 'extension="2023.01"'), "trod.template", "volet 2024.01"),
    "no PCC template": (swap('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.1"/>', ""), "trod.template", "modèle PCC"),
    "label": (swap(f'{TROD.label}" codeSystem', 'TROD" codeSystem'), "trod.code", "libellé"),
    "practice": (lambda t: t.replace(PRACTICE, PRACTICE.replace("DEP", "AMB")), "trod.practice", "DEPISTAGE attendu"),
    "event": (swap('<code code="78012-2" displayName="Acte"', '<x code="78012-2"'), "trod.event", "acte documenté"),
    "section": (swap("1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.3"), "trod.section", "section de compte rendu"),
    "another section": (
        swap("</section></component>", "</section></component><component><section/></component>"),
        "trod.section",
        "elle seule",
    ),
    "entry": (swap('"1.3.6.1.4.1.19376.1.3.1"', '"1.2.3"'), "trod.entry", "entrée de résultats"),
    "no device": (swap('typeCode="DEV"', 'typeCode="PRD"'), "trod.device", "un dispositif"),
    "no result": (swap('"1.3.6.1.4.1.19376.1.3.1.6"', '"1.2.3"'), "trod.result", "au moins un résultat"),
    "type of the value": (swap('xsi:type="CD"', 'xsi:type="ST"'), "trod.result", "valeur CD ou PQ"),
    "no value": (swap("<value xsi", "<valeur xsi"), "trod.result", "valeur CD ou PQ"),
    "no time of the test": (swap(RESULT_TIME, ""), "trod.result", "date"),
}


@pytest.mark.parametrize("name", TESTS)
def test_a_wrong_trod_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, check, text = TESTS[name]
    refused(exchange(sender.td21(Document(kind=TROD), Mutation(cda=edit))), engine, REPOSITORY, check, text)


NO_NAME = GUARDIAN.replace("<family>NESSI</family>", "")
PARTICIPANT = (
    '<participant typeCode="INF"><time><low value="20261123"/></time><associatedEntity classCode="PROV">'
    '<id root="1.2.250.1.71.4.2.1" extension="899700000005"/></associatedEntity></participant>'
)
ENCOUNTER = '<encompassingEncounter><effectiveTime nullFlavor="UNK"/>'
SAME = '<effectiveTime><low value="2026112310"/><high value="2026112310"/></effectiveTime>'
HEADER = {
    "type id": (swap("POCD_HD000040", "POCD_HD000041"), "cda.typeid", "typeId"),
    "guardian without a name": (swap("<birthplace>", NO_NAME), "cda.guardian", "représentant du patient sans nom"),
    "recipient without a name": (
        swap("</custodian>", RECIPIENT.replace("TESTTRAITANT", "")),
        "cda.recipient",
        "destinataire sans nom",
    ),
    "recipient of a wrong number": (
        swap("</custodian>", RECIPIENT.replace("899700000005", "899700000006")),
        "cda.recipient",
        "identifiant incorrect",
    ),
    "recipient of another kind": (
        swap("</custodian>", RECIPIENT.replace("1.2.250.1.71.4.2.1", "1.2.3")),
        "cda.recipient",
        "identifiant incorrect",
    ),
    "prefix": (swap("<birthplace>", GUARDIAN.replace("MME", "MLLE")), "cda.prefix", "civilité"),
    "suffix": (swap("</assignedPerson>", "</assignedPerson><suffix>PHARM</suffix>"), "cda.suffix", "titre hors"),
    "telecom": (swap("<patient>", '<telecom value="0600000001"/><patient>'), "cda.telecom", "sans protocole"),
    "address": (
        swap("<patient>", "<addr><streetAddressLine>x</streetAddressLine><city>x</city></addr><patient>"),
        "cda.addr",
        "pas les deux",
    ),
    "null flavor": (swap("<patient>", '<telecom nullFlavor="NI"/><patient>'), "cda.nullflavor", "nullFlavor"),
    "lower-case UUID": (
        swap("<setId root", '<setId assigningAuthorityName="x" root="a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" x'),
        "cda.root",
        "UUID en majuscules",
    ),
    "used name": (
        swap('<family qualifier="BR">', '<family qualifier="SP">X</family><family qualifier="BR">'),
        *("cda.patient.name", "qualifiés BR ou CL"),
    ),
    "INS of no kind": (
        swap('root="1.2.250.1.213.1.4.10"', 'root="1.2.250.1.213.1.4.12"'),
        *("cda.patient.ins", "matricule INS attendu"),
    ),
    "participant of an unknown role": (
        swap("<documentationOf>", PARTICIPANT.replace("INF", "AUT") + "<documentationOf>"),
        "cda.participant",
        "rôle inconnu",
    ),
    "participant without a time": (
        swap(
            "<documentationOf>", PARTICIPANT.replace('<time><low value="20261123"/></time>', "") + "<documentationOf>"
        ),
        "cda.participant",
        "sans date",
    ),
    "authenticator": (
        swap(
            "<documentationOf>",
            '<authenticator><assignedEntity><id root="1.2" extension="1"/></assignedEntity>'
            "</authenticator><documentationOf>",
        ),
        "cda.participant",
        "attestateur",
    ),
    "appended document": (
        swap("</documentationOf>", replaces("1.2.3").replace("RPLC", "APND")),
        "cda.related",
        "RPLC seulement",
    ),
    "two performers": (
        lambda t: t.replace(performer(t), performer(t) * 2),
        "cda.performer",
        "un seul exécutant",
    ),
    "encounter": (swap(ENCOUNTER, f"<encompassingEncounter>{SAME}"), "cda.encounter", "finit quand elle commence"),
    "version that isn't ASCII": (swap('versionNumber value="1"', 'versionNumber value="²"'), "cda.version", "entier"),
    "version with a zero": (swap('versionNumber value="1"', 'versionNumber value="01"'), "cda.version", "entier"),
    "version without a predecessor": (
        swap('versionNumber value="1"', 'versionNumber value="2"'),
        "cda.version.first",
        "versionNumber 1 attendu",
    ),
}


def performer(text: str) -> str:
    return text[text.index("<performer") : text.index("</performer>") + 12]


@pytest.mark.parametrize("name", HEADER)
def test_a_wrong_header_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, check, text = HEADER[name]
    refused(exchange(sender.td21(Document(kind=INTERVIEW), Mutation(cda=edit))), engine, REPOSITORY, check, text)
