"""The only door through which XML from outside comes in: no DOCTYPE, no entity, no network, a size limit."""

from __future__ import annotations

import re

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable

DEFAULT_LIMIT = 64 * 1024 * 1024
"""Largest XML read, in bytes, when the caller sets no limit (the DMP publishes none)."""

_HUGE_TEXT = 9_000_000  # libxml2 refuses a text node above 10 MB unless told otherwise (base64 PDF in a CDA)
_SMALL_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_HUGE_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
_ENCODING = re.compile(rb"""\A<\?xml[^>]{0,80}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = frozenset({b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1"})
_SPACE = b" \t\r\n"


def parse_xml(data: bytes, *, where: str, limit: int = DEFAULT_LIMIT) -> etree._ElementTree:
    """The document in `data` (bytes, UTF-8 unless it says ISO-8859-1). `where` names the message in errors.

    Raises `MessageUnreadable`: `XML_TOO_LARGE`, `XML_ENCODING`, `XML_DOCTYPE`, `XML_MALFORMED`.
    """
    if len(data) > limit:
        raise MessageUnreadable("XML_TOO_LARGE", where, f"raise the limit ({limit} bytes) or refuse the sender")
    data = data.removeprefix(b"\xef\xbb\xbf")
    _refuse_encoding(data, where)
    if _has_doctype(data):
        raise MessageUnreadable("XML_DOCTYPE", where, "a DOCTYPE is never accepted; keep the message as evidence")
    try:
        root = etree.fromstring(data, _HUGE_PARSER if len(data) > _HUGE_TEXT else _SMALL_PARSER)
    except (etree.XMLSyntaxError, ValueError):
        # the parser's own text may quote the content: it stays out of ours
        raise MessageUnreadable("XML_MALFORMED", where, "not well-formed XML; ask the sender") from None
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise MessageUnreadable("XML_DOCTYPE", where, "a DOCTYPE is never accepted; keep the message as evidence")
    return tree


def canonical(tree: etree._ElementTree, *, exclusive: bool = False, comments: bool = False) -> bytes:
    """Canonical XML 1.0 of a whole document, with what stands outside its root element.

    Takes a tree and never an element: lxml's C14N of a subtree that inherits its default namespace writes `xmlns=""`.
    """
    return etree.tostring(tree, method="c14n", exclusive=exclusive, with_comments=comments)


def reparsed(element: etree._Element, *, where: str) -> etree._ElementTree:
    """`element` as a document of its own, with the namespaces it inherits: what can be canonicalised safely."""
    return parse_xml(etree.tostring(element, with_tail=False), where=where)


def _refuse_encoding(data: bytes, where: str) -> None:
    declared = _ENCODING.match(data)
    if b"\x00" in data[:4] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise MessageUnreadable("XML_ENCODING", where, "send UTF-8")
    if declared and declared.group(1).lower() not in _ENCODINGS:
        raise MessageUnreadable("XML_ENCODING", where, "send UTF-8")


def _has_doctype(data: bytes) -> bool:
    """Whether the prolog (declaration, comments, instructions, spaces) holds a DOCTYPE."""
    position = 0
    while True:
        while position < len(data) and data[position] in _SPACE:
            position += 1
        if data.startswith(b"<?", position):
            end = data.find(b"?>", position)
        elif data.startswith(b"<!--", position):
            end = data.find(b"-->", position + 4)
        else:
            return data.startswith(b"<!DOCTYPE", position)
        if end < 0:
            return False
        position = end + (2 if data[end] == ord("?") else 3)
