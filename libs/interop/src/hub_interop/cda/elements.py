"""Small hands for building the tree: elements in the HL7 namespace, times, codes, names, addresses."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lxml import etree

from hub_interop.cda.model import Address
from hub_interop.ins.traits import corrected_birth_date
from hub_interop.terminologies import Concept, value_set

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NSMAP: dict[str | None, str] = {None: HL7, "xsi": XSI}
XSI_TYPE = f"{{{XSI}}}type"
_PREFIX = f"{{{HL7}}}"
_PHONE_LAYOUT = re.compile(r"[\s.()/-]")
LOINC = "2.16.840.1.113883.6.1"

Element = Any
"""An lxml element (its stubs are too strict for attributes given as keywords)."""


def document() -> Element:
    """An empty ClinicalDocument."""
    return etree.Element(f"{_PREFIX}ClinicalDocument", nsmap=NSMAP)  # type: ignore[arg-type]


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """A child in the HL7 namespace, last; attributes in the order given."""
    child = etree.SubElement(parent, _PREFIX + name, attributes)
    if text is not None:
        child.text = text
    return child


def add_code(parent: Element, name: str, concept: Concept, system_name: str | None = None, **more: str) -> Element:
    """A coded element with its label and system."""
    attributes = {"code": concept.code, "displayName": concept.label, "codeSystem": concept.system}
    if system_name:
        attributes["codeSystemName"] = system_name
    return add(parent, name, **attributes, **more)


def stamp(moment: datetime) -> str:
    """AAAAMMJJhhmmss+zzzz in the moment's own offset."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def add_address(parent: Element, address: Address | None, use: str | None = None) -> None:
    """The address as lines, or nothing known."""
    lines = address.as_lines() if address else ()
    if not lines:
        add(parent, "addr", nullFlavor="UNK")
        return
    node = add(parent, "addr", **({"use": use} if use else {}))
    for line in lines:
        add(node, "streetAddressLine", line)


def add_phone(parent: Element, phone: str | None, use: str) -> None:
    """The telephone number, or nothing known."""
    if phone:
        add(parent, "telecom", value=f"tel:{dialled(phone)}", use=use)
    else:
        add(parent, "telecom", nullFlavor="UNK")


def dialled(phone: str) -> str:
    """The number as it is dialled: without the spaces, dots, hyphens and brackets that people write."""
    return _PHONE_LAYOUT.sub("", phone)


def add_name(parent: Element, family: str, given: str, civility: str | None = None, title: str | None = None) -> None:
    """name: civility, given name, family name, title (JDV_J245, JDV_J246)."""
    name = add(parent, "name")
    if civility:
        add(name, "prefix", civility)
    add(name, "given", given)
    add(name, "family", family)
    if title:
        add(name, "suffix", title)


def add_templates(node: Element, oids: tuple[str, ...]) -> None:
    """templateId of an entry or section, in the order given."""
    for oid in oids:
        add(node, "templateId", root=oid)


def add_reference(parent: Element, name: str, anchor: str) -> Element:
    """`name`/reference to `#anchor`, a content of the section's text."""
    node = add(parent, name)
    add(node, "reference", value=f"#{anchor}")
    return node


def upper(value: UUID) -> str:
    """UUIDs in CDA ids are upper case: lower case is an error of datatype II."""
    return str(value).upper()


def plain(value: Decimal) -> str:
    """The number without exponent or useless zeros."""
    return f"{value.normalize():f}"


def label(name: str, code: str | None) -> str:
    """The label that the value set gives the code, empty when it has none."""
    found = value_set(name).get(code)
    return found.label if found else ""


def birth_time(birth_date: str) -> str:
    """AAAAMMJJ, unknown and lunar parts corrected (RNIV EXI ID 11/12). Raises ValueError when it is no birth date."""
    return corrected_birth_date(birth_date).strftime("%Y%m%d")
