"""What the document is: realmCode to versionNumber."""

from __future__ import annotations

from hub_interop.cda.elements import LOINC, Element, add, add_code, stamp
from hub_interop.cda.model import DocumentHeader
from hub_interop.terminologies import Concept, concept

LANGUAGE = "fr-FR"
COMMON_TEMPLATES = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1")
"""HL7 France, CI-SIS structuration minimale."""


def add_identification(root: Element, header: DocumentHeader, templates: tuple[tuple[str, str | None], ...]) -> None:
    """realmCode to versionNumber. `templates`: those of the body, after HL7 France and CI-SIS."""
    add(root, "realmCode", code="FR")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    for oid in COMMON_TEMPLATES:
        add(root, "templateId", root=oid)
    for oid, extension in templates:
        add(root, "templateId", root=oid, **({"extension": extension} if extension else {}))
    add(root, "id", root=header.unique_id)
    add_kind(root, header.kind)
    add(root, "title", header.title)
    add(root, "effectiveTime", value=stamp(header.created_at))
    add_code(root, "confidentialityCode", concept("confidentiality", header.confidentiality), "Confidentiality")
    add(root, "languageCode", code=LANGUAGE)
    add(root, "setId", root=header.set_id)
    add(root, "versionNumber", value=str(header.version))


def add_kind(parent: Element, kind: str) -> None:
    """code: label and system are the value set's, never the caller's (JDV_J66)."""
    add_coded(parent, concept("document_type", kind))


def add_coded(parent: Element, found: Concept) -> None:
    """code, with the name of its system when that is LOINC."""
    add_code(parent, "code", found, "LOINC" if found.system == LOINC else None)
