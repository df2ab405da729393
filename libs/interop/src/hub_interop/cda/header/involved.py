"""Who else has to do with the document: those close to the patient, recipients, other professionals."""

from __future__ import annotations

from hub_interop.cda.elements import XSI_TYPE, Element, add, add_address, add_code, add_name, add_phone, stamp
from hub_interop.cda.header.people import PS_OID, add_organisation
from hub_interop.cda.model import Contact, DocumentHeader
from hub_interop.terminologies import concept


def add_informants(root: Element, header: DocumentHeader) -> None:
    """Personne de confiance, personne à prévenir…"""
    for informant in header.informants:
        entity = add(add(root, "informant"), "relatedEntity", classCode=informant.role)
        if informant.relation:
            add_code(entity, "code", concept("patient_relation", informant.relation))
        add_address(entity, informant.address, use="H")
        add_phone(entity, informant.phone, use="MC")
        add_name(add(entity, "relatedPerson"), informant.family_name, informant.given_name)


def add_recipients(root: Element, header: DocumentHeader) -> None:
    """Those whom the document is meant for."""
    for contact in header.recipients:
        intended = add(add(root, "informationRecipient"), "intendedRecipient")
        add(intended, "id", root=PS_OID, extension=contact.id)
        _add_reach(intended, contact)
        _add_person(intended, contact, "informationRecipient")
        if contact.organisation:
            add_organisation(intended, contact.organisation, "receivedOrganization")


def add_participants(root: Element, header: DocumentHeader) -> None:
    """Médecin traitant and others; `time` is mandatory: since when, else since the act."""
    for participant in header.participants:
        contact = participant.contact
        node = add(root, "participant", typeCode=participant.type)
        if participant.function:
            add_code(node, "functionCode", concept("participation_function", participant.function))
        since = participant.since or header.service_start
        add(add(node, "time", **{XSI_TYPE: "IVL_TS"}), "low", value=stamp(since))
        entity = add(node, "associatedEntity", classCode="PROV")
        add(entity, "id", root=PS_OID, extension=contact.id)
        if contact.specialty:
            add_code(entity, "code", concept("author_specialty", contact.specialty))
        _add_reach(entity, contact)
        _add_person(entity, contact, "associatedPerson")
        if contact.organisation:
            add_organisation(entity, contact.organisation, "scopingOrganization")


def _add_reach(node: Element, contact: Contact) -> None:
    add_address(node, contact.address)
    add_phone(node, contact.phone, use="WP")


def _add_person(node: Element, contact: Contact, name: str) -> None:
    add_name(add(node, name), contact.family_name, contact.given_name, contact.civility, contact.title)
