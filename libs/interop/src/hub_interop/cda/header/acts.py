"""What was done, where, on whose order, with which consent, and which version this one replaces."""

from __future__ import annotations

from hub_interop.cda.elements import Element, add, add_code, stamp
from hub_interop.cda.header.identification import add_coded
from hub_interop.cda.header.people import STRUCTURE_OID, add_assigned
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.shape import Shape
from hub_interop.terminologies import concept


def add_orders(root: Element, header: DocumentHeader) -> None:
    """inFulfillmentOf, for each order."""
    for order in header.orders:
        add(add(add(root, "inFulfillmentOf"), "order"), "id", root=order.root, extension=order.extension)


def add_service_events(root: Element, header: DocumentHeader, shape: Shape) -> None:
    """documentationOf: what was done, when, by whom; one for each code that the body tells."""
    for done in shape.events:
        event = add(add(root, "documentationOf"), "serviceEvent")
        add_coded(event, done)
        times = add(event, "effectiveTime")
        add(times, "low", value=stamp(header.service_start))
        if header.service_stop is not None:
            add(times, "high", value=stamp(header.service_stop))
        performer = add(event, "performer", typeCode="PRF")
        add_assigned(performer, header.performed_by, "assignedEntity", shape.practice_setting)


def add_replaced(root: Element, header: DocumentHeader) -> None:
    """relatedDocument, when this version replaces the one before."""
    if header.replaces:
        parent = add(add(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
        add(parent, "id", root=header.replaces)
        add(parent, "versionNumber", value=str(header.version - 1))


def add_consents(root: Element, header: DocumentHeader) -> None:
    """authorization: the consents that the patient gave."""
    for code in header.consents:
        consent = add(add(root, "authorization", typeCode="AUTH"), "consent", classCode="CONS", moodCode="EVN")
        add_code(consent, "code", concept("consent", code))
        add(consent, "statusCode", code="completed")


def add_encounter(root: Element, header: DocumentHeader) -> None:
    """componentOf: in which kind of care, and where."""
    encounter = add(add(root, "componentOf"), "encompassingEncounter")
    if header.encounter:
        add_code(encounter, "code", concept("encounter", header.encounter))
    add(add(encounter, "effectiveTime"), "low", value=stamp(header.service_start))
    organisation = header.legal_authenticator.organisation
    facility = add(add(encounter, "location"), "healthCareFacility")
    add(facility, "id", root=STRUCTURE_OID, extension=organisation.id)
    add_code(facility, "code", concept("sector", organisation.sector))
