"""Readable documents: what they hold, as HTML, from a CDA; and words that a patient may stumble over."""

from hub_interop.report.html import report_html
from hub_interop.report.model import (
    AuthorLine,
    Block,
    Bullets,
    Fields,
    Letterhead,
    Notice,
    NoticeKind,
    Paragraph,
    PatientBlock,
    Report,
    Section,
    Table,
)
from hub_interop.report.narrative import embedded_file, report_from_cda
from hub_interop.report.wording import Flag, Reason, flagged_words

__all__ = [
    "AuthorLine",
    "Block",
    "Bullets",
    "Fields",
    "Flag",
    "Letterhead",
    "Notice",
    "NoticeKind",
    "Paragraph",
    "PatientBlock",
    "Reason",
    "Report",
    "Section",
    "Table",
    "embedded_file",
    "flagged_words",
    "report_from_cda",
    "report_html",
]
