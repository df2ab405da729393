"""The note de vaccination: CDA N3, VAC-NOTE 2023.01, one vaccination a note."""

from __future__ import annotations

from datetime import date
from uuid import uuid5

from hub_interop.cda.bodies import Prescription, VaccinationNote
from hub_interop.cda.elements import (
    LOINC,
    XSI_TYPE,
    Element,
    add,
    add_code,
    add_name,
    add_reference,
    add_templates,
    plain,
    upper,
)
from hub_interop.cda.entries import CIM10, SNOMED, add_comment
from hub_interop.cda.header.people import PS_OID, add_assigned, add_author
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.vac_narrative import ANCHOR, add_narrative, comment_lines
from hub_interop.terminologies import Concept, concept, value_set

_SECTION = ("2.16.840.1.113883.10.20.1.6", "1.3.6.1.4.1.19376.1.5.3.1.3.23", "1.2.250.1.213.1.1.2.147")
_ENTRY = ("2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.12", "1.2.250.1.213.1.1.3.45")
_PRODUCT = ("2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2", "1.2.250.1.213.1.1.3.43")
_RANK = ("2.16.840.1.113883.10.20.1.46", "1.2.250.1.213.1.1.3.82")
_REACTION = (
    "2.16.840.1.113883.10.20.1.28",
    "2.16.840.1.113883.10.20.1.54",
    "1.3.6.1.4.1.19376.1.5.3.1.4.5",
    "1.2.250.1.213.1.1.3.37",
)
_PRESCRIPTION = ("2.16.840.1.113883.10.20.1.34", "1.3.6.1.4.1.19376.1.5.3.1.4.7.3", "1.2.250.1.213.1.1.3.44")
_ANTIGEN = ("2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.12.1", "1.2.250.1.213.1.1.3.46")
_SYMPTOM = Concept("418799008", SNOMED, "symptôme rapporté par le patient ou le répondant")
CIS, CIP, ATC = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.73"


def add_vaccination_note(component: Element, header: DocumentHeader, note: VaccinationNote) -> None:
    """The structured body: one section, one entry."""
    section = add(add(add(component, "structuredBody"), "component"), "section")
    add_templates(section, _SECTION)
    add(section, "id", root=upper(note.section_id))
    add_code(section, "code", Concept("11369-6", LOINC, "Historique des vaccinations"), "LOINC")
    add(section, "title", header.title)
    add_narrative(section, header, note)
    _add_entry(add(section, "entry"), header, note)


def _add_entry(entry: Element, header: DocumentHeader, note: VaccinationNote) -> None:
    act = add(entry, "substanceAdministration", classCode="SBADM", moodCode="EVN", negationInd="false")
    add_templates(act, _ENTRY)
    add(act, "id", root=upper(note.vaccination_id))
    add_code(act, "code", concept("immunization_act", note.act_code))
    add_reference(act, "text", ANCHOR)
    add(act, "statusCode", code="completed")
    add(act, "effectiveTime", value=_day(note.date))
    if note.route:
        add_code(act, "routeCode", concept("immunization_route", note.route), "EDQM")
    accepted = value_set("immunization_site_dmp").get(note.site)  # another site stays in the text only
    if accepted:
        add_reference(add_code(act, "approachSiteCode", accepted, "SNOMED CT"), "originalText", f"{ANCHOR}-site")
    if note.dose:
        add(act, "doseQuantity", value=plain(note.dose.value), unit=note.dose.unit)
    _add_product(add(act, "consumable", typeCode="CSM"), note)
    add_assigned(add(act, "performer", typeCode="PRF"), header.performed_by, "assignedEntity")
    add_author(act, header.legal_authenticator, header.created_at, typeCode="AUT", contextControlCode="OP")
    _add_related(act, note)


def _add_related(act: Element, note: VaccinationNote) -> None:
    """Rank, reactions, antigens, prescription, comment.

    The official rule refuses a reaction or an antigen that stands without rank, prescription or comment (it looks for
    an `act` where the model has an `observation`): `comment_lines` then has the reactions' words.
    """
    if note.rank:
        _add_rank(add(act, "entryRelationship", typeCode="SUBJ"), note.rank)
    for number, _ in enumerate(note.reactions):
        _add_reaction(add(act, "entryRelationship", typeCode="CAUS", inversionInd="false"), note, number)
    for number, _ in enumerate(note.antigens):
        _add_antigen(add(act, "entryRelationship", typeCode="COMP"), note, number)
    if note.prescription:
        _add_prescription(add(act, "entryRelationship", typeCode="REFR"), note.prescription)
    if comment_lines(note):
        add_comment(add(act, "entryRelationship", typeCode="SUBJ", inversionInd="true"), f"{ANCHOR}-comment")


def _add_product(consumable: Element, note: VaccinationNote) -> None:
    vaccine = note.vaccine
    product = add(consumable, "manufacturedProduct")
    add_templates(product, _PRODUCT)
    material = add(product, "manufacturedMaterial")
    code = add_code(material, "code", Concept(vaccine.cis or "", CIS, vaccine.name), "CIS")
    add_reference(code, "originalText", ANCHOR)
    add_code(code, "translation", Concept(vaccine.atc or "", ATC, vaccine.atc_label or ""), "ATC")
    if vaccine.cip:
        add_code(code, "translation", Concept(vaccine.cip, CIP, vaccine.name), "CIP")
    add(material, "name", vaccine.name)
    add(material, "lotNumberText", vaccine.lot_number)


def _add_rank(relationship: Element, rank: int) -> None:
    observation = add(relationship, "observation", classCode="OBS", moodCode="EVN")
    add_templates(observation, _RANK)
    add_code(observation, "code", Concept("30973-2", LOINC, "Rang de la vaccination"), "LOINC")
    add(observation, "statusCode", code="completed")
    add(observation, "value", value=str(rank), **{XSI_TYPE: "INT"})


def _add_reaction(relationship: Element, note: VaccinationNote, number: int) -> None:
    """FR-Probleme: a symptom, its first day, its CIM-10 code."""
    reaction, anchor = note.reactions[number], f"{ANCHOR}-reaction-{number}"
    observation = add(relationship, "observation", classCode="OBS", moodCode="EVN")
    add_templates(observation, _REACTION)
    add(observation, "id", root=upper(uuid5(note.vaccination_id, f"reaction/{number}")))
    add_code(observation, "code", _SYMPTOM, "SNOMED CT")
    add_reference(observation, "text", anchor)
    add(observation, "statusCode", code="completed")
    known = {"value": _day(reaction.date)} if reaction.date else {"nullFlavor": "UNK"}
    add(add(observation, "effectiveTime"), "low", **known)
    found = Concept(reaction.code, CIM10, reaction.label)
    add_reference(add_code(observation, "value", found, "CIM-10", **{XSI_TYPE: "CD"}), "originalText", anchor)


def _add_antigen(relationship: Element, note: VaccinationNote, number: int) -> None:
    """FR-Dose-antigene: the antigen has a name; the hub has no table of antigen codes."""
    antigen = note.antigens[number]
    given = add(relationship, "substanceAdministration", classCode="SBADM", moodCode="EVN", negationInd="false")
    add_templates(given, _ANTIGEN)
    add(given, "id", root=upper(uuid5(note.vaccination_id, f"antigen/{number}")))
    add(given, "statusCode", code="completed")
    add(given, "doseQuantity", value=plain(antigen.dose.value), unit=antigen.dose.unit)
    product = add(add(given, "consumable", typeCode="CSM"), "manufacturedProduct")
    add_templates(product, _PRODUCT)
    material = add(product, "manufacturedMaterial")
    add_reference(add(material, "code", nullFlavor="UNK"), "originalText", f"{ANCHOR}-antigen-{number}")
    add(material, "name", antigen.antigen)


def _add_prescription(relationship: Element, prescription: Prescription) -> None:
    """FR-Prescription: the number, and who wrote it when."""
    supply = add(relationship, "supply", classCode="SPLY", moodCode="INT")
    add_templates(supply, _PRESCRIPTION)
    extension = {"extension": prescription.extension} if prescription.extension else {}
    add(supply, "id", root=prescription.root, **extension)
    prescriber = prescription.prescriber
    if prescriber:
        author = add(supply, "author")
        known = {"value": _day(prescription.date)} if prescription.date else {"nullFlavor": "UNK"}
        add(author, "time", **known)
        assigned = add(author, "assignedAuthor")
        add(assigned, "id", root=PS_OID, extension=prescriber.id)
        person = add(assigned, "assignedPerson")
        add_name(person, prescriber.family_name, prescriber.given_name, prescriber.civility, prescriber.title)


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")
