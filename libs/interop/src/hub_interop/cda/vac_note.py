"""The note de vaccination: CDA N3, VAC-NOTE 2023.01, one vaccination a note."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from lxml import etree

from hub_interop.cda.elements import LOINC, XSI_TYPE, Element, add, add_code, document, stamp
from hub_interop.cda.header import add_assigned, add_header
from hub_interop.cda.model import DocumentHeader, VaccinationNote
from hub_interop.terminologies import Concept, concept, value_set

DOCUMENT_TYPE = "87273-9"
FORMAT = "urn:asip:ci-sis:vac-note:2021"
VOLET_TEMPLATES: tuple[tuple[str, str | None], ...] = (
    ("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", None),
    ("1.2.250.1.213.1.1.1.46", "2023.01"),
)
_SECTION = ("2.16.840.1.113883.10.20.1.6", "1.3.6.1.4.1.19376.1.5.3.1.3.23", "1.2.250.1.213.1.1.2.147")
_ENTRY = ("2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.12", "1.2.250.1.213.1.1.3.45")
_PRODUCT = ("2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2", "1.2.250.1.213.1.1.3.43")
_RANK = ("2.16.840.1.113883.10.20.1.46", "1.2.250.1.213.1.1.3.82")
_COMMENT = ("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32")
CIS, CIP, ATC = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.73"
_HEADINGS = ("Date", "Vaccin", "Lot", "Dose", "Rang", "Voie", "Site", "Vaccinateur")


def build_vaccination_note(header: DocumentHeader, note: VaccinationNote) -> bytes:
    """The document's bytes, UTF-8, serialised once: these are what is kept, hashed and sent.

    The input has passed `check_vaccination_note`; raises UnknownCode when it has not.
    """
    root = document()
    add_header(root, header, concept("document_type", DOCUMENT_TYPE), VOLET_TEMPLATES)
    body = add(add(root, "component"), "structuredBody")
    section = add(add(body, "component"), "section")
    _templates(section, _SECTION)
    add(section, "id", root=_upper(note.section_id))
    add_code(section, "code", Concept("11369-6", LOINC, "Historique des vaccinations"), "LOINC")
    add(section, "title", header.title)
    _add_narrative(section, header, note)
    _add_entry(add(section, "entry"), header, note)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_narrative(section: Element, header: DocumentHeader, note: VaccinationNote) -> None:
    text = add(section, "text")
    table = add(text, "table", border="0")
    head = add(add(table, "thead"), "tr")
    for heading in _HEADINGS:
        add(head, "th", heading)
    row = add(add(table, "tbody"), "tr")
    performer = header.performer.professional
    dose = f"{_plain(note.dose.value)} {_label('dose_unit', note.dose.unit)}".strip() if note.dose else ""
    cells: tuple[tuple[str, str | None], ...] = (
        (note.date.strftime("%d/%m/%Y"), None),
        (note.vaccine.name, "vac-1"),
        (note.vaccine.lot_number, None),
        (dose, None),
        (str(note.rank) if note.rank else "", None),
        (_label("immunization_route", note.route), None),
        (_label("immunization_site", note.site), "vac-1-site" if note.site else None),
        (f"{performer.given_name} {performer.family_name}", None),
    )
    for value, anchor in cells:
        cell = add(row, "td")
        if anchor:
            add(cell, "content", value, ID=anchor)
        else:
            cell.text = value
    if note.comment and note.comment.strip():
        add(add(text, "paragraph"), "content", note.comment, ID="vac-1-comment")


def _add_entry(entry: Element, header: DocumentHeader, note: VaccinationNote) -> None:
    act = add(entry, "substanceAdministration", classCode="SBADM", moodCode="EVN", negationInd="false")
    _templates(act, _ENTRY)
    add(act, "id", root=_upper(note.vaccination_id))
    add_code(act, "code", concept("immunization_act", note.act_code))
    add(add(act, "text"), "reference", value="#vac-1")
    add(act, "statusCode", code="completed")
    add(act, "effectiveTime", value=note.date.strftime("%Y%m%d"))
    if note.route:
        add_code(act, "routeCode", concept("immunization_route", note.route), "EDQM")
    accepted = value_set("immunization_site_dmp").get(note.site)  # another site stays in the text only
    if accepted:
        site = add_code(act, "approachSiteCode", accepted, "SNOMED CT")
        add(add(site, "originalText"), "reference", value="#vac-1-site")
    if note.dose:
        add(act, "doseQuantity", value=_plain(note.dose.value), unit=note.dose.unit)
    _add_product(add(act, "consumable", typeCode="CSM"), note)
    add_assigned(add(act, "performer", typeCode="PRF"), header.performer, "assignedEntity")
    author = add(act, "author", typeCode="AUT", contextControlCode="OP")
    add(author, "time", value=stamp(header.created_at))
    add_assigned(author, header.author, "assignedAuthor")
    if note.rank:
        _add_rank(add(act, "entryRelationship", typeCode="SUBJ"), note.rank)
    if note.comment and note.comment.strip():
        _add_comment(add(act, "entryRelationship", typeCode="SUBJ", inversionInd="true"))


def _add_product(consumable: Element, note: VaccinationNote) -> None:
    vaccine = note.vaccine
    product = add(consumable, "manufacturedProduct")
    _templates(product, _PRODUCT)
    material = add(product, "manufacturedMaterial")
    code = add_code(material, "code", Concept(vaccine.cis or "", CIS, vaccine.name), "CIS")
    add(add(code, "originalText"), "reference", value="#vac-1")
    add_code(code, "translation", Concept(vaccine.atc or "", ATC, vaccine.atc_label or ""), "ATC")
    if vaccine.cip:
        add_code(code, "translation", Concept(vaccine.cip, CIP, vaccine.name), "CIP")
    add(material, "name", vaccine.name)
    add(material, "lotNumberText", vaccine.lot_number)


def _add_rank(relationship: Element, rank: int) -> None:
    observation = add(relationship, "observation", classCode="OBS", moodCode="EVN")
    _templates(observation, _RANK)
    add_code(observation, "code", Concept("30973-2", LOINC, "Rang de la vaccination"), "LOINC")
    add(observation, "statusCode", code="completed")
    add(observation, "value", value=str(rank), **{XSI_TYPE: "INT"})


def _add_comment(relationship: Element) -> None:
    act = add(relationship, "act", classCode="ACT", moodCode="EVN")
    _templates(act, _COMMENT)
    add_code(act, "code", Concept("48767-8", LOINC, "Commentaire"), "LOINC")
    add(add(act, "text"), "reference", value="#vac-1-comment")
    add(act, "statusCode", code="completed")


def _templates(node: Element, oids: tuple[str, ...]) -> None:
    for oid in oids:
        add(node, "templateId", root=oid)


def _plain(value: Decimal) -> str:
    """The number without exponent or useless zeros."""
    return f"{value.normalize():f}"


def _upper(value: UUID) -> str:
    """UUIDs in CDA ids are upper case: lower case is an error of datatype II."""
    return str(value).upper()


def _label(name: str, code: str | None) -> str:
    found = value_set(name).get(code)
    return found.label if found else ""
