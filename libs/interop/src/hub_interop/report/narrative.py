"""A CDA made readable: its header and the narrative of its sections as a `Report`, or the file that it carries.

Any CDA R2, ours or one received: what is missing stays empty, what a text can't show is said.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from hub_interop.report.cda_header import authors_of, child, letterhead_of, moment_of, patient_of, texts
from hub_interop.report.model import Block, Bullets, Notice, NoticeKind, Paragraph, Report, Section, Table
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import DEFAULT_LIMIT, parse_xml

_HL7 = "{urn:hl7-org:v3}"
_MAX_DEPTH = 60
_MAX_COLUMNS = 100
_MAX_SECTIONS = 500
_SPACES = re.compile(r"[ \t\r\n]+")
_BLOCKS = frozenset({"paragraph", "list", "table", "caption"})
_IMAGE = "[image non affichée]"
_NO_TITLE = "Document sans titre"
_NO_HEADING = "Partie sans titre"
_FILE_INSIDE = "Le contenu de ce document est un fichier joint ({}), à ouvrir séparément."
_TOO_DEEP = "Cette partie est trop imbriquée pour être affichée."
_DATELESS = datetime(1, 1, 1, tzinfo=UTC)


def report_from_cda(document: bytes, *, limit: int = DEFAULT_LIMIT) -> Report:
    """The report that shows this CDA. A document without a readable date is dated 01/01/0001.

    Raises MessageUnreadable: the codes of `parse_xml`, `CDA_ROOT` (not a ClinicalDocument), `CDA_TOO_MANY_SECTIONS`.
    """
    root = _clinical_document(document, limit)
    title = texts(child(root, "title")) or _NO_TITLE
    return Report(
        title=title,
        subtitle=None,
        letterhead=letterhead_of(root),
        patient=patient_of(root),
        authors=authors_of(root),
        date=moment_of(root) or _DATELESS,
        reference=_reference(root),
        sections=tuple(_sections(root)),
        footer="",
    )


def embedded_file(document: bytes, *, limit: int = DEFAULT_LIMIT) -> tuple[str, bytes]:
    """Media type and bytes of the file in the nonXMLBody.

    Raises MessageUnreadable: the codes of `parse_xml`, `CDA_ROOT`, `CDA_NO_FILE` (structured, or no body),
    `CDA_FILE_UNREADABLE` (not base64, or empty).
    """
    root = _clinical_document(document, limit)
    text = root.find(f"{_HL7}component/{_HL7}nonXMLBody/{_HL7}text")
    if text is None:
        raise MessageUnreadable("CDA_NO_FILE", "component", "the document is structured: show its sections")
    if text.get("representation") != "B64":
        raise MessageUnreadable("CDA_FILE_UNREADABLE", "nonXMLBody", "a file is in base 64")
    try:
        content = base64.b64decode(str(text.xpath("string()")).translate(_NO_SPACES), validate=True)
    except (binascii.Error, ValueError):
        raise MessageUnreadable("CDA_FILE_UNREADABLE", "nonXMLBody", "a file is in base 64") from None
    if not content:
        raise MessageUnreadable("CDA_FILE_UNREADABLE", "nonXMLBody", "the file is empty")
    return text.get("mediaType") or "application/octet-stream", content


_NO_SPACES = dict.fromkeys(map(ord, " \t\r\n"))


def _clinical_document(document: bytes, limit: int) -> etree._Element:
    root = parse_xml(document, where="CDA", limit=limit).getroot()
    if root.tag != f"{_HL7}ClinicalDocument":
        raise MessageUnreadable("CDA_ROOT", "CDA", "the root is a ClinicalDocument of HL7 v3")
    return root


def _reference(root: etree._Element) -> str | None:
    number = child(root, "versionNumber")
    version = number.get("value", "") if number is not None else ""
    replaces = any(node.get("typeCode") == "RPLC" for node in root.findall(f"{_HL7}relatedDocument"))
    said = f"Version {version}." if version.isascii() and version.isdigit() and len(version) < 7 else ""
    return f"{said} {'Annule et remplace une version précédente.' if replaces else ''}".strip() or None


def _sections(root: etree._Element) -> Iterator[Section]:
    body = root.find(f"{_HL7}component/{_HL7}nonXMLBody/{_HL7}text")
    if body is not None:
        kind = body.get("mediaType") or "type inconnu"
        yield Section("Contenu", (Notice(_FILE_INSIDE.format(kind)),))
    for number, section in enumerate(root.iter(f"{_HL7}section")):
        if number >= _MAX_SECTIONS:
            raise MessageUnreadable("CDA_TOO_MANY_SECTIONS", "structuredBody", "show the document in another way")
        code = child(section, "code")
        heading = texts(child(section, "title")) or (code.get("displayName") if code is not None else None)
        text = child(section, "text")
        blocks = tuple(_blocks(text)) if text is not None else ()
        yield Section(heading or _NO_HEADING, blocks)


def _blocks(text: etree._Element) -> Iterator[Block]:
    if _is_deep(text):
        yield Notice(_TOO_DEEP, NoticeKind.WARNING)
        return
    yield from _content(text)


def _is_deep(node: etree._Element) -> bool:
    """Whether it nests beyond what a narrative does, seen without recursion."""
    depth = 0
    for event, _ in etree.iterwalk(node, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _content(node: etree._Element) -> Iterator[Block]:
    """The blocks in `node`; what stands between them becomes paragraphs."""
    loose = [node.text or ""]
    for element in node:
        name = _name(element)
        if name in _BLOCKS or (name and _holds_blocks(element)):
            yield from _paragraph("".join(loose))
            loose = []
            yield from _block(element, name)
        else:
            loose.append(_inline(element))
        loose.append(element.tail or "")
    yield from _paragraph("".join(loose))


def _block(element: etree._Element, name: str) -> Iterator[Block]:
    if name == "table":
        yield from _table(element)
    elif name == "list":
        caption = child(element, "caption")
        if caption is not None:
            yield from _paragraph(_inline(caption))
        items = tuple(_items(element, 0))
        if items:
            yield Bullets(items)
    else:
        yield from _content(element)


def _paragraph(text: str) -> Iterator[Block]:
    shown = _tidy(text)
    if shown:
        yield Paragraph(shown)


def _items(node: etree._Element, level: int) -> Iterator[str]:
    """One text for each item, then its nested ones with a dash for each level; numbers where the list is ordered."""
    ordered = node.get("listType") == "ordered"
    for number, item in enumerate(node.findall(f"{_HL7}item"), 1):
        nested = [element for element in item.iter(f"{_HL7}list") if _closest_item(element) is item]
        mark = f"{number}. " if ordered else ""
        shown = _tidy(_inline(item, without="list"))
        if shown:
            yield f"{'– ' * level}{mark}{shown}"
        for inner in nested:
            yield from _items(inner, level + 1)


def _closest_item(node: etree._Element) -> etree._Element | None:
    return next(iter(node.iterancestors(f"{_HL7}item")), None)


def _table(table: etree._Element) -> Iterator[Block]:
    caption = child(table, "caption")
    if caption is not None:
        yield from _paragraph(_inline(caption))
    head: list[etree._Element] = []
    body: list[etree._Element] = []
    for row in _own_rows(table):
        parent = row.getparent()
        (head if parent is not None and _name(parent) == "thead" else body).append(row)
    headings, rows = _grid(head), _grid(body)
    if not headings and not rows:
        return
    columns = max(len(row) for row in (*headings, *rows))
    titles = [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*_padded(headings, columns), strict=True)]
    yield Table(tuple(titles) or ("",) * columns, tuple(tuple(row) for row in rows))


def _own_rows(table: etree._Element) -> Iterator[etree._Element]:
    """The rows of the table, those of a table inside it left out."""
    for row in table.iter(f"{_HL7}tr"):
        if next(iter(row.iterancestors(f"{_HL7}table")), None) is table:
            yield row


def _padded(rows: list[list[str]], columns: int) -> list[list[str]]:
    return [row + [""] * (columns - len(row)) for row in rows]


def _grid(rows: list[etree._Element]) -> list[list[str]]:
    """The texts with a place for each column: a cell over many columns is written once, one over many rows repeated."""
    grid = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in rows:
        cells, hanging = _row(row, hanging)
        if cells:
            grid.append(cells)
    return grid


def _row(row: etree._Element, above: dict[int, tuple[int, str]]) -> tuple[list[str], dict[int, tuple[int, str]]]:
    """The texts of a row, and what hangs from it into the next ones: column → (rows left, text)."""
    cells: list[str] = []
    below: dict[int, tuple[int, str]] = {}

    def place(text: str, rows_left: int) -> None:
        if rows_left > 1:
            below[len(cells)] = (rows_left - 1, text)
        cells.append(text)

    def place_hanging() -> None:
        while len(cells) in above:
            rows_left, text = above[len(cells)]
            place(text, rows_left)

    for cell in row:
        if _name(cell) in ("td", "th"):
            place_hanging()
            text, over = _tidy(_inline(cell)), _span(cell, "rowspan")
            for index in range(min(_span(cell, "colspan"), _MAX_COLUMNS - len(cells))):
                place(text if index == 0 else "", over)
    place_hanging()
    return cells, below


def _span(cell: etree._Element, name: str) -> int:
    text = cell.get(name, "1")
    return max(1, min(int(text), 1000)) if text.isascii() and text.isdigit() and len(text) < 5 else 1


def _holds_blocks(element: etree._Element) -> bool:
    return any(_name(inner) in _BLOCKS for inner in element.iterdescendants())


def _inline(element: etree._Element, without: str | None = None) -> str:
    """The text of an element as read, `br` and blocks as ends of lines (written U+2028 until tidied)."""
    name = _name(element)
    if name is None:
        return ""
    if name == "br":
        return "\u2028"
    if name == "renderMultiMedia":
        return _IMAGE
    parts = [element.text or ""]
    for inner in element:
        if without is None or _name(inner) != without:
            parts.append(_inline(inner, without))
        parts.append(inner.tail or "")
    text = "".join(parts)
    if element.get("revised") == "delete":
        return f"[supprimé : {text}]"
    return f"\u2028{text}\u2028" if name in ("paragraph", "item", "tr", "caption") else _spaced(name, text)


def _spaced(name: str, text: str) -> str:
    return f" {text} " if name in ("td", "th") else text


def _tidy(text: str) -> str:
    """Spaces collapsed as in the narrative, one `\\n` at the end of each line, no empty line."""
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\u2028"))
    return "\n".join(line for line in lines if line)


def _name(element: etree._Element) -> str | None:
    """Local name of an element of HL7 v3; None for comments, instructions and other namespaces."""
    tag = element.tag
    return tag.removeprefix(_HL7) if isinstance(tag, str) and tag.startswith(_HL7) else None
