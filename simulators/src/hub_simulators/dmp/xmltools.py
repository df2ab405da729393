"""XML read safely, and canonical forms of a subtree computed on a fresh parse of it.

lxml's C14N of an element that inherits namespaces is wrong (prefixes dropped, `xmlns=""` written): the subtree is
always serialised and parsed again first, which also keeps the ancestors' declarations that inclusive C14N needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


class XmlProblem(ValueError):
    """The bytes are not XML the simulator accepts (malformed, or with a DOCTYPE)."""


def parse(data: bytes) -> etree._Element:
    """Return the root of a document. Raises XmlProblem when it is malformed or has a DOCTYPE."""
    try:
        root: etree._Element = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as problem:
        raise XmlProblem(f"XML mal formé (ligne {problem.lineno})") from None
    if b"<!DOCTYPE" in data and root.getroottree().docinfo.doctype:  # type: ignore[attr-defined]
        raise XmlProblem("DOCTYPE interdit")
    return root


def detached(element: etree._Element) -> etree._Element:
    """Return the element parsed again as the root of its own document, with the namespaces it inherited."""
    return parse(etree.tostring(element, with_tail=False))


def exclusive(root: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Return the exclusive canonical form (no comments) of a document whose root is `root`."""
    data: bytes = etree.tostring(
        root, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
    )
    return data


def inclusive(root: etree._Element, *, comments: bool, whole_document: bool = False) -> bytes:
    """Return the inclusive canonical form; `whole_document` adds comments and PIs outside the root."""
    target = root.getroottree() if whole_document else root
    data: bytes = etree.tostring(target, method="c14n", exclusive=False, with_comments=comments)
    return data


def elements(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield child elements, without comments and processing instructions."""
    for child in parent:
        if isinstance(child.tag, str):
            yield child


def local(element: etree._Element) -> str:
    """Return the local name."""
    return str(element.tag).rpartition("}")[2]


def text(element: etree._Element | None) -> str:
    """Return the stripped text of an element, '' when it is absent or empty."""
    return (element.text or "").strip() if element is not None else ""


def stray_text(root: etree._Element, allowed: frozenset[str]) -> bool:
    """Tell whether text stands outside the elements of these local names (XML signatures are not looked at)."""
    for element in root.iter(etree.Element):
        if element.tail and element.tail.strip() and element is not root:
            return True
        if element.text and element.text.strip() and local(element) not in allowed:
            return True
    return False


def escape(value: str) -> str:
    """Escape for XML text and double-quoted attributes."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
