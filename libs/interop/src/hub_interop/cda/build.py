"""A document of any type, from its header and its body."""

from __future__ import annotations

from binascii import b2a_base64

from lxml import etree

from hub_interop.cda.bodies import Body, TrodReport, UnstructuredBody, VaccinationNote
from hub_interop.cda.elements import Element, add, document
from hub_interop.cda.header import add_header
from hub_interop.cda.header.identification import LANGUAGE
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.shape import shape_of
from hub_interop.cda.trod import add_trod
from hub_interop.cda.vac_note import add_vaccination_note


def build_document(header: DocumentHeader, body: Body) -> bytes:
    """The document's bytes, UTF-8, serialised once: these are what is kept, hashed and sent.

    The input has passed `check_document`; raises UnknownCode, KeyError or ValueError when it has not.
    """
    root = document()
    add_header(root, header, shape_of(header.kind, body))
    _add_body(add(root, "component"), header, body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_body(component: Element, header: DocumentHeader, body: Body) -> None:
    if isinstance(body, VaccinationNote):
        add_vaccination_note(component, header, body)
    elif isinstance(body, TrodReport):
        add_trod(component, header, body)
    else:
        _add_file(component, body)


def _add_file(component: Element, body: UnstructuredBody) -> None:
    """nonXMLBody: the file in base64, without line ends."""
    node = add(component, "nonXMLBody")
    encoded = b2a_base64(body.content, newline=False).decode("ascii")
    add(node, "text", encoded, mediaType=body.media_type, representation="B64")
    if body.language and body.language != LANGUAGE:
        add(node, "languageCode", code=body.language)
