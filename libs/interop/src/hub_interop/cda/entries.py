"""What the structured bodies share: a table of the text, the comment entry, code systems."""

from __future__ import annotations

from collections.abc import Sequence

from hub_interop.cda.elements import LOINC, Element, add, add_code, add_reference, add_templates
from hub_interop.terminologies import Concept

SNOMED = "2.16.840.1.113883.6.96"
CIM10 = "2.16.840.1.113883.6.3"
_COMMENT = ("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32")


def add_table(
    text: Element, headings: Sequence[str], rows: Sequence[Sequence[tuple[str, str | None]]], border: str = "0"
) -> None:
    """A table; each cell is a text and the ID of its content, None when nothing points to it."""
    table = add(text, "table", border=border)
    head = add(add(table, "thead"), "tr")
    for heading in headings:
        add(head, "th", heading)
    body = add(table, "tbody")
    for cells in rows:
        row = add(body, "tr")
        for value, anchor in cells:
            cell = add(row, "td")
            if anchor:
                add(cell, "content", value, ID=anchor)
            else:
                cell.text = value


def add_lines(text: Element, lines: Sequence[str], anchor: str) -> None:
    """A paragraph whose content has that anchor, one line under the other."""
    content = add(add(text, "paragraph"), "content", lines[0], ID=anchor)
    for line in lines[1:]:
        add(content, "br").tail = line


def add_comment(relationship: Element, anchor: str) -> None:
    """FR-Commentaire-ER: the comment is in the text, at that anchor."""
    act = add(relationship, "act", classCode="ACT", moodCode="EVN")
    add_templates(act, _COMMENT)
    add_code(act, "code", Concept("48767-8", LOINC, "Commentaire"), "LOINC")
    add_reference(act, "text", anchor)
    add(act, "statusCode", code="completed")
