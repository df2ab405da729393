"""What can only be seen on the document that was built: cheap, for tests and for the service in debug."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from hub_interop.cda.elements import HL7
from hub_interop.cda.vac_note import VOLET_TEMPLATES
from hub_interop.ins.matricule import ins_oid
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

_NS = {"c": HL7}
_LOWER_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")
_REQUIRED = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1")


def built_note_problems(document: bytes) -> list[str]:
    """Codes of what is wrong with a built note de vaccination, without values; empty when nothing is.

    `BUILT_UNREADABLE`, `BUILT_ENCODING`, `BUILT_TEMPLATES`, `BUILT_ENTRIES`, `BUILT_REFERENCE`, `BUILT_ANCHOR`,
    `BUILT_UUID_CASE`, `BUILT_INS_FIRST`, `BUILT_EMPTY`.
    """
    try:
        root = parse_xml(document, where="document").getroot()
    except MessageUnreadable:
        return ["BUILT_UNREADABLE"]
    return list(_problems(document, root))


def _problems(document: bytes, root: etree._Element) -> Iterator[str]:
    if not document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>"):
        yield "BUILT_ENCODING"
    templates = [(t.get("root"), t.get("extension")) for t in root.findall("c:templateId", _NS)]
    if templates != [*((oid, None) for oid in _REQUIRED), *VOLET_TEMPLATES]:
        yield "BUILT_TEMPLATES"
    if len(root.findall(".//c:entry", _NS)) != 1 or len(root.findall(".//c:section", _NS)) != 1:
        yield "BUILT_ENTRIES"
    anchors = [node.get("ID") for node in root.iter(f"{{{HL7}}}content") if node.get("ID")]
    if len(set(anchors)) != len(anchors):
        yield "BUILT_ANCHOR"
    if any((node.get("value") or "")[1:] not in anchors for node in root.iter(f"{{{HL7}}}reference")):
        yield "BUILT_REFERENCE"
    roots = (node.get("root") or "" for node in root.iter(f"{{{HL7}}}id"))
    if any(_LOWER_UUID.fullmatch(text) and text != text.upper() for text in roots):
        yield "BUILT_UUID_CASE"
    first = root.find("c:recordTarget/c:patientRole/c:id", _NS)
    if first is None or ins_oid(first.get("root") or "") is None:
        yield "BUILT_INS_FIRST"
    if any(_is_empty(node) for node in root.iter(*_TEXT_ELEMENTS)):
        yield "BUILT_EMPTY"


_TEXT_ELEMENTS = tuple(
    f"{{{HL7}}}{name}" for name in ("title", "name", "family", "given", "lotNumberText", "county", "streetAddressLine")
)


def _is_empty(node: etree._Element) -> bool:
    return not len(node) and not (node.text or "").strip()
