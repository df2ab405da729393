"""The header of the "structuration minimale", one function per block, in the order of the XSD."""

from __future__ import annotations

from hub_interop.cda.elements import Element
from hub_interop.cda.header.acts import (
    add_consents,
    add_encounter,
    add_orders,
    add_replaced,
    add_service_events,
)
from hub_interop.cda.header.identification import add_identification
from hub_interop.cda.header.involved import add_informants, add_participants, add_recipients
from hub_interop.cda.header.patient import add_patient
from hub_interop.cda.header.people import add_authors, add_custodian, add_data_enterer, add_legal_authenticator
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.shape import Shape

__all__ = ["add_header"]


def add_header(root: Element, header: DocumentHeader, shape: Shape) -> None:
    """The whole header; the body comes after. `shape` is what the body asks of it.

    Raises UnknownCode for a code that the rules should have refused.
    """
    add_identification(root, header, shape.templates)
    add_patient(root, header.patient)
    add_authors(root, header)
    add_data_enterer(root, header)
    add_informants(root, header)
    add_custodian(root, header)
    add_recipients(root, header)
    add_legal_authenticator(root, header)
    add_participants(root, header)
    add_orders(root, header)
    add_service_events(root, header, shape)
    add_replaced(root, header)
    add_consents(root, header)
    add_encounter(root, header)
