"""What can only be seen on the document that was built: cheap, for tests and for the service in debug."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator

from lxml import etree

from hub_interop.cda.elements import HL7
from hub_interop.cda.header.identification import COMMON_TEMPLATES
from hub_interop.cda.shape import ALL_TEMPLATES, FORMAT_OF_MEDIA
from hub_interop.ins.matricule import ins_oid
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

_NS = {"c": HL7}
_LOWER_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")


def built_document_problems(document: bytes) -> list[str]:
    """Codes of what is wrong with a built document, without values; empty when nothing is.

    `BUILT_UNREADABLE`, `BUILT_ENCODING`, `BUILT_TEMPLATES`, `BUILT_ENTRIES`, `BUILT_BODY`, `BUILT_REFERENCE`,
    `BUILT_ANCHOR`, `BUILT_UUID_CASE`, `BUILT_INS_FIRST`, `BUILT_EMPTY`.
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
    if templates not in [[*((oid, None) for oid in COMMON_TEMPLATES), *known] for known in ALL_TEMPLATES]:
        yield "BUILT_TEMPLATES"
    if root.find("c:component/c:nonXMLBody", _NS) is not None:
        yield from _file_problems(root)
    else:
        yield from _section_problems(root)
    roots = (node.get("root") or "" for node in root.iter(f"{{{HL7}}}id"))
    if any(_LOWER_UUID.fullmatch(text) and text != text.upper() for text in roots):
        yield "BUILT_UUID_CASE"
    first = root.find("c:recordTarget/c:patientRole/c:id", _NS)
    if first is None or ins_oid(first.get("root") or "") is None:
        yield "BUILT_INS_FIRST"
    if any(_is_empty(node) for node in root.iter(*_TEXT_ELEMENTS)):
        yield "BUILT_EMPTY"


def _file_problems(root: etree._Element) -> Iterator[str]:
    """A file in base64, of a media type that has a format."""
    text = root.find("c:component/c:nonXMLBody/c:text", _NS)
    if text is None or text.get("representation") != "B64" or text.get("mediaType") not in FORMAT_OF_MEDIA:
        yield "BUILT_BODY"
        return
    try:
        content = a2b_base64((text.text or "").encode("utf-8"), strict_mode=True)
    except Error:
        content = b""
    if not content:
        yield "BUILT_BODY"


def _section_problems(root: etree._Element) -> Iterator[str]:
    """One section with its templates, its text and one entry; every reference has its anchor."""
    sections = root.findall(".//c:section", _NS)
    if len(root.findall(".//c:entry", _NS)) != 1 or len(sections) != 1:
        yield "BUILT_ENTRIES"
    if any(node.find("c:templateId", _NS) is None or node.find("c:text", _NS) is None for node in sections):
        yield "BUILT_BODY"
    anchors = [node.get("ID") for node in root.iter(f"{{{HL7}}}content") if node.get("ID")]
    if len(set(anchors)) != len(anchors):
        yield "BUILT_ANCHOR"
    if any((node.get("value") or "")[1:] not in anchors for node in root.iter(f"{{{HL7}}}reference")):
        yield "BUILT_REFERENCE"


_TEXT_ELEMENTS = tuple(
    f"{{{HL7}}}{name}"
    for name in (
        "title", "name", "family", "given", "lotNumberText", "county", "city", "streetAddressLine",
        "manufacturerModelName", "softwareName",
    )
)  # fmt: skip


def _is_empty(node: etree._Element) -> bool:
    return not len(node) and not (node.text or "").strip()
