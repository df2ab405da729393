"""A report as a PDF/A-1b: structure, title, patient, authors, sections; page numbers and identity on every page."""

from __future__ import annotations

from datetime import datetime

from hub_interop.pdf.drawing import INK, PAGE_HEIGHT, Box, Line, Mark, PdfLabels, Text, write_pdf
from hub_interop.pdf.flow import ACCENT, BODY, GREY, LEADING, LEFT, PALE, RIGHT, ROOM, RULE, Flow
from hub_interop.pdf.tables import draw_table
from hub_interop.pdf.typefaces import shortened, width, wrap
from hub_interop.report.model import Block, Bullets, Fields, Notice, NoticeKind, Paragraph, Report, Table
from hub_interop.report.phrases import (
    AUTHORS_HEADING,
    NOTHING_NOTED,
    NOTICE_LABELS,
    PATIENT_HEADING,
    author_text,
    dated_line,
    letterhead_lines,
    patient_fields,
    running_identity,
)

_TOP = 42.0
_SMALL = 7.5
_MOST_COLUMNS = 12
_LABEL_ROOM = 128.0


def report_pdf(report: Report, created_at: datetime, document_id: str) -> bytes:
    """The PDF/A-1b of `report`; the same bytes for the same arguments.

    `created_at` (aware, ValueError otherwise) is the date in the metadata, `document_id` is printed on every page.
    """
    flow = Flow(_TOP, lambda marks: _draw_page_top(report, marks))
    _draw_letterhead(flow, report)
    _draw_title(flow, report)
    _draw_patient(flow, report)
    if report.authors:
        flow.fields(((AUTHORS_HEADING, "\n".join(author_text(each) for each in report.authors)),))
    for section in report.sections:
        flow.heading(section.heading)
        for block in section.blocks:
            draw_block(flow, block)
        if not section.blocks:
            flow.paragraph(NOTHING_NOTED, colour=GREY)
    draw_page_bottoms(flow.pages, report.footer, f"Document {document_id}")
    return write_pdf(flow.pages, PdfLabels(report.title, report.letterhead.name, created_at, document_id))


def draw_block(flow: Flow, block: Block) -> None:
    """One block at the current place of the flow."""
    match block:
        case Paragraph():
            flow.paragraph(block.text)
        case Fields():
            flow.fields(block.items)
        case Bullets():
            flow.bullets(block.items)
        case Notice():
            flow.notice(NOTICE_LABELS[block.kind], block.text, warning=block.kind is NoticeKind.WARNING)
        case Table() if len(block.columns) > _MOST_COLUMNS:
            for row in block.rows:
                flow.fields(tuple(zip(block.columns, row, strict=False)))
        case Table():
            draw_table(flow, block)


def draw_page_bottoms(pages: list[list[Mark]], sentence: str, reference: str) -> None:
    """On every page: the footer's sentence (two lines at most), the document's reference, page x / y."""
    lines = wrap(sentence, _SMALL, ROOM) if sentence else []
    if len(lines) > 2:
        lines = [lines[0], shortened(" ".join(lines[1:]), _SMALL, ROOM)]
    for number, marks in enumerate(pages, 1):
        y = PAGE_HEIGHT - 58
        marks.append(Line(LEFT, y, RIGHT, y, 0.5, RULE))
        for line in lines:
            y += _SMALL * LEADING
            marks.append(Text(LEFT, y, _SMALL, line, False, GREY))
        page = f"page {number} / {len(pages)}"
        room = width(page, _SMALL, False)
        marks.append(Text(LEFT, PAGE_HEIGHT - 26, _SMALL, shortened(reference, _SMALL, ROOM - room - 12), False, GREY))
        marks.append(Text(RIGHT - room, PAGE_HEIGHT - 26, _SMALL, page, False, GREY))


def _draw_page_top(report: Report, marks: list[Mark]) -> float:
    """The patient and the title on one small line each: a page can't be taken for another patient's."""
    y = _TOP - 8
    for text in (running_identity(report.patient), report.title):
        if text:
            marks.append(Text(LEFT, y, _SMALL, shortened(text, _SMALL, ROOM), False, GREY))
            y += _SMALL * LEADING
    marks.append(Line(LEFT, y - 4, RIGHT, y - 4, 0.5, RULE))
    return y + 10


def _draw_letterhead(flow: Flow, report: Report) -> None:
    flow.lines(wrap(report.letterhead.name, 12, ROOM, bold=True), size=12, bold=True, colour=ACCENT)
    for line in letterhead_lines(report.letterhead):
        flow.lines(wrap(line, 8.5, ROOM), size=8.5, colour=GREY)
    flow.skip(5)
    flow.marks.append(Line(LEFT, flow.y, RIGHT, flow.y, 1.2, ACCENT))
    flow.skip(10)


def _draw_title(flow: Flow, report: Report) -> None:
    flow.lines(wrap(report.title, 16, ROOM, bold=True), size=16, bold=True, colour=INK)
    if report.subtitle:
        flow.lines(wrap(report.subtitle, 11, ROOM), size=11, colour=GREY)
    flow.skip(2)
    flow.lines(wrap(dated_line(report.date), BODY, ROOM), colour=GREY)
    if report.reference:
        flow.lines(wrap(report.reference, BODY, ROOM), colour=GREY)
    flow.skip(8)


def _draw_patient(flow: Flow, report: Report) -> None:
    """The traits in two columns on a pale ground, the matricule on a line of its own.

    One column over the whole page when a value is too long for two.
    """
    items = patient_fields(report.patient)
    if not items:
        return
    half, inner = (ROOM - 20) / 2, LEFT + 10
    if any(len(wrap(value, BODY, _value_room(half), bold=True)) > 2 for _, value in items):
        flow.lines([PATIENT_HEADING], bold=True, colour=ACCENT)
        flow.fields(items)
        return
    traits, last = items[:-1], items[-1:]
    left, right = traits[: (len(traits) + 1) // 2], traits[(len(traits) + 1) // 2 :]
    heights = [_column(each, 0, 0, half)[1] for each in (left, right)]
    columns = max(heights)
    height = 18 + BODY * LEADING + columns + _column(last, 0, 0, ROOM - 20)[1]
    flow.need(height)
    flow.marks.append(Box(LEFT, flow.y, ROOM, height, PALE))
    flow.marks.append(Text(inner, flow.y + 8 + BODY, BODY, PATIENT_HEADING, True, ACCENT))
    top = flow.y + 10 + BODY * LEADING
    flow.marks.extend(_column(left, inner, top, half)[0])
    flow.marks.extend(_column(right, inner + half, top, half)[0])
    flow.marks.extend(_column(last, inner, top + columns, ROOM - 20)[0])
    flow.y += height
    flow.skip(9)


def _value_room(room: float) -> float:
    return room - _LABEL_ROOM - 8


def _column(items: tuple[tuple[str, str], ...], x: float, y: float, room: float) -> tuple[list[Mark], float]:
    """The marks of labels and values from (x, y) down, and their height."""
    marks: list[Mark] = []
    start = y
    for label, value in items:
        labels, values = wrap(label, 8, _LABEL_ROOM - 4), wrap(value, BODY, _value_room(room), bold=True)
        for index in range(max(len(labels), len(values))):
            if index < len(labels):
                marks.append(Text(x, y + BODY, 8, labels[index], False, GREY))
            if index < len(values):
                marks.append(Text(x + _LABEL_ROOM, y + BODY, BODY, values[index], True))
            y += BODY * LEADING
        y += 1.5
    return marks, y - start
