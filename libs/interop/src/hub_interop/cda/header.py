"""The header of the "structuration minimale", one function per block, in the order of the XSD."""

from __future__ import annotations

from hub_interop.cda.elements import (
    Element,
    add,
    add_address,
    add_code,
    add_phone,
    add_professional_name,
    birth_time,
    stamp,
)
from hub_interop.cda.model import Author, DocumentHeader, Organisation, PatientIdentity
from hub_interop.terminologies import Concept, concept

PS_OID = "1.2.250.1.71.4.2.1"
STRUCTURE_OID = "1.2.250.1.71.4.2.2"


def add_identification(
    root: Element, header: DocumentHeader, kind: Concept, templates: tuple[tuple[str, str | None], ...]
) -> None:
    """realmCode to versionNumber. `templates`: those of the volet, after HL7 France and CI-SIS."""
    add(root, "realmCode", code="FR")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    for oid, extension in (("2.16.840.1.113883.2.8.2.1", None), ("1.2.250.1.213.1.1.1.1", None), *templates):
        add(root, "templateId", root=oid, **({"extension": extension} if extension else {}))
    add(root, "id", root=header.unique_id)
    add_code(root, "code", kind, "LOINC")
    add(root, "title", header.title)
    add(root, "effectiveTime", value=stamp(header.created_at))
    add_code(root, "confidentialityCode", concept("confidentiality", header.confidentiality), "Confidentiality")
    add(root, "languageCode", code="fr-FR")
    add(root, "setId", root=header.set_id)
    add(root, "versionNumber", value=str(header.version))


def add_patient(root: Element, patient: PatientIdentity) -> None:
    """recordTarget: the INS first, then the local number (RNIV)."""
    role = add(add(root, "recordTarget"), "patientRole")
    add(role, "id", root=patient.oid, extension=patient.matricule)
    add(role, "id", root=patient.local_oid, extension=patient.local_id)
    add_address(role, patient.address, use="H")
    add_phone(role, patient.phone, use="MC")
    person = add(role, "patient", classCode="PSN")
    name = add(person, "name")
    add(name, "family", patient.birth_name, qualifier="BR")
    add(name, "given", patient.birth_given_names)
    add(name, "given", patient.first_birth_given_name, qualifier="BR")
    if patient.used_name:
        add(name, "family", patient.used_name, qualifier="CL")
    if patient.used_given_name:
        add(name, "given", patient.used_given_name, qualifier="CL")
    add_code(person, "administrativeGenderCode", concept("sex", patient.sex))
    add(person, "birthTime", value=birth_time(patient.birth_date))
    add(add(add(add(person, "birthplace"), "place"), "addr"), "county", patient.birth_place_code)


def add_organisation(parent: Element, organisation: Organisation, name: str = "representedOrganization") -> Element:
    """A structure with its practice setting."""
    node = add(parent, name)
    add(node, "id", root=STRUCTURE_OID, extension=organisation.id)
    add(node, "name", organisation.name)
    add_phone(node, organisation.phone, use="WP")
    add_address(node, organisation.address)
    return node


def add_assigned(parent: Element, author: Author, name: str) -> None:
    """assignedAuthor or assignedEntity: who, in which profession, for which structure."""
    professional, organisation = author.professional, author.organisation
    node = add(parent, name)
    add(node, "id", root=PS_OID, extension=professional.id)
    add_code(node, "code", concept("author_specialty", professional.specialty))
    add_address(node, organisation.address)
    add_phone(node, organisation.phone, use="WP")
    add_professional_name(node, professional)
    represented = add_organisation(node, organisation)
    setting = concept("practice_setting", organisation.practice_setting)
    add_code(represented, "standardIndustryClassCode", setting)


def add_authors(root: Element, header: DocumentHeader) -> None:
    """All authors, the responsible one first."""
    for author in header.authors:
        node = add(root, "author")
        add(node, "time", value=stamp(header.created_at))
        add_assigned(node, author, "assignedAuthor")


def add_custodian(root: Element, header: DocumentHeader) -> None:
    """The structure keeps the document."""
    node = add(add(root, "custodian"), "assignedCustodian")
    add_organisation(node, header.author.organisation, "representedCustodianOrganization")


def add_legal_authenticator(root: Element, header: DocumentHeader) -> None:
    """The first author takes responsibility."""
    node = add(root, "legalAuthenticator")
    add(node, "time", value=stamp(header.created_at))
    add(node, "signatureCode", code="S")
    add_assigned(node, header.author, "assignedEntity")


def add_service_event(root: Element, header: DocumentHeader, kind: Concept) -> None:
    """documentationOf: what was done, when, by whom."""
    event = add(add(root, "documentationOf"), "serviceEvent")
    add_code(event, "code", kind, "LOINC")
    times = add(event, "effectiveTime")
    add(times, "low", value=stamp(header.service_start))
    if header.service_stop is not None:
        add(times, "high", value=stamp(header.service_stop))
    add_assigned(add(event, "performer", typeCode="PRF"), header.performer, "assignedEntity")


def add_replaced(root: Element, header: DocumentHeader) -> None:
    """relatedDocument, when this version replaces another."""
    if header.replaces:
        add(add(add(root, "relatedDocument", typeCode="RPLC"), "parentDocument"), "id", root=header.replaces)


def add_encounter(root: Element, header: DocumentHeader) -> None:
    """componentOf: where it was done."""
    encounter = add(add(root, "componentOf"), "encompassingEncounter")
    add(add(encounter, "effectiveTime"), "low", value=stamp(header.service_start))
    organisation = header.author.organisation
    facility = add(add(encounter, "location"), "healthCareFacility")
    add(facility, "id", root=STRUCTURE_OID, extension=organisation.id)
    add_code(facility, "code", concept("sector", organisation.sector))


def add_header(
    root: Element, header: DocumentHeader, kind: Concept, templates: tuple[tuple[str, str | None], ...]
) -> None:
    """The whole header; the body comes after. Raises UnknownCode for a code that the rules should have refused."""
    add_identification(root, header, kind, templates)
    add_patient(root, header.patient)
    add_authors(root, header)
    add_custodian(root, header)
    add_legal_authenticator(root, header)
    add_service_event(root, header, kind)
    add_replaced(root, header)
    add_encounter(root, header)
