"""A report as one HTML page: no script, nothing fetched from elsewhere, readable by a screen reader, printable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from hub_interop.report.model import Block, Bullets, Fields, Notice, NoticeKind, Paragraph, Report, Section, Table
from hub_interop.report.phrases import (
    AUTHORS_HEADING,
    NOTHING_NOTED,
    NOTICE_LABELS,
    PATIENT_HEADING,
    author_text,
    dated_line,
    letterhead_lines,
    patient_fields,
)

_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_STYLE = """
:root{color-scheme:light}
body{font:1rem/1.5 "DejaVu Sans",Verdana,Arial,sans-serif;color:#000;background:#fff;max-width:52rem;margin:0 auto;
padding:1.5rem}
header p,.date{color:#505050;margin:0}
header .name{font-weight:bold;color:#173e62;font-size:1.15rem}
header{border-bottom:2px solid #173e62;padding-bottom:.5rem}
h1{font-size:1.6rem;margin:1rem 0 .25rem}
h2{font-size:1.15rem;color:#173e62;border-bottom:1px solid #bec4ca;margin:1.5rem 0 .5rem}
dl{display:grid;grid-template-columns:minmax(9rem,1fr) 2fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:#505050}dd{margin:0;white-space:pre-line}
.patient{background:#f3f5f7;padding:.25rem 1rem .5rem;margin:1rem 0}.patient dd{font-weight:bold}
.patient h2{border:0;margin:.25rem 0}
p,li,td{white-space:pre-line;overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0}
th{background:#f3f5f7;text-align:left;border-bottom:2px solid #173e62}
th,td{padding:.3rem .5rem;vertical-align:top}td{border-bottom:1px solid #bec4ca}
.notice{background:#f3f5f7;border-left:4px solid #173e62;padding:.4rem .8rem;margin:.5rem 0}
.notice p{margin:0}.warning{border-color:#b05400}
footer{border-top:1px solid #bec4ca;color:#505050;font-size:.85rem;margin-top:2rem;padding-top:.5rem}
@page{size:A4;margin:18mm}
@media print{body{padding:0;max-width:none;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}
thead{display:table-header-group}.notice,.patient{break-inside:avoid}}
"""


def report_html(report: Report) -> str:
    """The page, whole: every text escaped; controls and marks that turn the reading round shown as U+FFFD."""
    body = "\n".join(part for part in _parts(report) if part)
    return (
        f'<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(report.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _parts(report: Report) -> Iterator[str]:
    lines = "".join(f"<p>{_text(line)}</p>" for line in letterhead_lines(report.letterhead))
    yield f'<header><p class="name">{_text(report.letterhead.name)}</p>{lines}</header>'
    yield f"<main>\n<h1>{_text(report.title)}</h1>"
    if report.subtitle:
        yield f"<p>{_text(report.subtitle)}</p>"
    yield f'<p class="date">{_text(dated_line(report.date))}</p>'
    if report.reference:
        yield f'<p class="date">{_text(report.reference)}</p>'
    traits = patient_fields(report.patient)
    if traits:
        yield (
            f'<section class="patient" aria-labelledby="patient"><h2 id="patient">{PATIENT_HEADING}</h2>'
            f"{_fields(traits)}</section>"
        )
    if report.authors:
        yield _fields(((AUTHORS_HEADING, "\n".join(author_text(author) for author in report.authors)),))
    for number, section in enumerate(report.sections, 1):
        yield _section(section, f"s{number}")
    yield "</main>"
    if report.footer:
        yield f"<footer><p>{_text(report.footer)}</p></footer>"


def _section(section: Section, anchor: str) -> str:
    blocks = "\n".join(_block(block, anchor) for block in section.blocks) or f"<p>{NOTHING_NOTED}</p>"
    return (
        f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{_text(section.heading)}</h2>\n{blocks}\n</section>'
    )


def _block(block: Block, anchor: str) -> str:
    match block:
        case Paragraph():
            return f"<p>{_text(block.text)}</p>"
        case Fields():
            return _fields(block.items)
        case Bullets():
            return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in block.items)}</ul>"
        case Notice():
            kind = " warning" if block.kind is NoticeKind.WARNING else ""
            label = NOTICE_LABELS[block.kind]
            return (
                f'<div class="notice{kind}" role="note"><p><strong>{label}</strong></p><p>{_text(block.text)}</p></div>'
            )
        case Table():
            return _table(block, anchor)


def _fields(items: tuple[tuple[str, str], ...]) -> str:
    return f"<dl>{''.join(f'<dt>{_text(label)}</dt><dd>{_text(value)}</dd>' for label, value in items)}</dl>"


def _table(table: Table, anchor: str) -> str:
    heading = "".join(f'<th scope="col">{_text(column)}</th>' for column in table.columns)
    head = f"<thead><tr>{heading}</tr></thead>" if any(table.columns) else ""
    rows = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in (*row, *[''] * (len(table.columns) - len(row))))}</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}"><table>'
        f"{head}<tbody>{rows}</tbody></table></div>"
    )


def _text(text: str) -> str:
    return escape(_NOT_IN_HTML.sub("\ufffd", text))
