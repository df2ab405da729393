"""Who wrote, typed, keeps and answers for the document."""

from __future__ import annotations

from datetime import datetime

from hub_interop.cda.elements import Element, add, add_address, add_code, add_name, add_phone, stamp
from hub_interop.cda.model import AnyAuthor, Author, DeviceAuthor, DocumentHeader, Organisation
from hub_interop.terminologies import concept

PS_OID = "1.2.250.1.71.4.2.1"
STRUCTURE_OID = "1.2.250.1.71.4.2.2"


def add_organisation(parent: Element, organisation: Organisation, name: str = "representedOrganization") -> Element:
    """A structure: national identifier, name, telephone, address."""
    node = add(parent, name)
    add(node, "id", root=STRUCTURE_OID, extension=organisation.id)
    add(node, "name", organisation.name)
    add_phone(node, organisation.phone, use="WP")
    add_address(node, organisation.address)
    return node


def add_assigned(parent: Element, author: Author, name: str, setting: str | None = None) -> None:
    """assignedAuthor or assignedEntity: who, in which profession, for which structure.

    `setting` (JDV_J62) takes the place of the structure's practice setting where the document's model fixes one.
    """
    professional, organisation = author.professional, author.organisation
    node = _add_assigned_head(parent, name, professional.id, professional.specialty, organisation)
    add_name(
        add(node, "assignedPerson"),
        professional.family_name,
        professional.given_name,
        professional.civility,
        professional.title,
    )
    _add_represented(node, organisation, setting)


def add_author(parent: Element, author: AnyAuthor, written_at: datetime, **attributes: str) -> None:
    """author: function, time, and a person or a device. `written_at` when the author has no time of its own."""
    node = add(parent, "author", **attributes)
    if isinstance(author, Author) and author.function:
        add_code(node, "functionCode", concept("participation_function", author.function))
    add(node, "time", value=stamp(author.time or written_at))
    if isinstance(author, DeviceAuthor):
        _add_device(node, author)
    else:
        add_assigned(node, author, "assignedAuthor")


def add_authors(root: Element, header: DocumentHeader) -> None:
    """All authors, the one who wrote first."""
    for author in header.authors:
        add_author(root, author, header.created_at)


def add_data_enterer(root: Element, header: DocumentHeader) -> None:
    """Who typed what another dictated or wrote by hand."""
    if header.data_enterer is not None:
        node = add(root, "dataEnterer")
        add(node, "time", value=stamp(header.data_enterer.time or header.created_at))
        add_assigned(node, header.data_enterer, "assignedEntity")


def add_custodian(root: Element, header: DocumentHeader) -> None:
    """The structure keeps the document."""
    node = add(add(root, "custodian"), "assignedCustodian")
    add_organisation(node, header.legal_authenticator.organisation, "representedCustodianOrganization")


def add_legal_authenticator(root: Element, header: DocumentHeader) -> None:
    """The responsible professional, else the first author, answers for the content."""
    node = add(root, "legalAuthenticator")
    add(node, "time", value=stamp(header.created_at))
    add(node, "signatureCode", code="S")
    add_assigned(node, header.legal_authenticator, "assignedEntity")


def _add_assigned_head(parent: Element, name: str, number: str, specialty: str, organisation: Organisation) -> Element:
    node = add(parent, name)
    add(node, "id", root=PS_OID, extension=number)
    add_code(node, "code", concept("author_specialty", specialty))
    add_address(node, organisation.address)
    add_phone(node, organisation.phone, use="WP")
    return node


def _add_represented(node: Element, organisation: Organisation, setting: str | None = None) -> None:
    represented = add_organisation(node, organisation)
    fixed = concept("practice_setting", setting or organisation.practice_setting)
    add_code(represented, "standardIndustryClassCode", fixed)


def _add_device(parent: Element, author: DeviceAuthor) -> None:
    device = author.device
    node = _add_assigned_head(parent, "assignedAuthor", device.id, device.specialty, author.organisation)
    made = add(node, "assignedAuthoringDevice")
    add(made, "manufacturerModelName", device.model)
    add(made, "softwareName", device.software)
    _add_represented(node, author.organisation)
