"""Plain texts: decoded strictly, cleaned, and set as PDF/A-1b where a PDF is wanted."""

from __future__ import annotations

import re
import unicodedata

from hub_interop.pdf.drawing import Line, Mark, PdfLabels, Text, write_pdf
from hub_interop.pdf.flow import ACCENT, BODY, GREY, LEADING, LEFT, RIGHT, ROOM, RULE, Flow
from hub_interop.pdf.problems import Unusable
from hub_interop.pdf.report_layout import draw_page_bottoms
from hub_interop.pdf.typefaces import shortened, wrap

_CHARSETS = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "cp1252",  # as every reader does: the same letters, and the euro that people mean
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
}
_FORBIDDEN = re.compile(
    "[\x01-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U000e0000-\U000e007f]"
)
_LEADING_SPACES = re.compile(r"^[ \t]+", re.MULTILINE)
_TOP = 42.0
_SMALL = 7.5


def decoded(content: bytes, charset: str | None) -> str:
    """The text in `charset` (UTF-8 when None). Raises Unusable: TEXT_CHARSET_UNSUPPORTED, TEXT_UNREADABLE."""
    codec = _CHARSETS.get((charset or "utf-8").strip("\"' ").lower())
    if codec is None:
        raise Unusable("TEXT_CHARSET_UNSUPPORTED")
    if b"\x00" in content:
        raise Unusable("TEXT_UNREADABLE")  # UTF-16 or no text at all
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise Unusable("TEXT_UNREADABLE") from None


def cleaned(text: str, max_characters: int) -> tuple[str, int]:
    """`text` composed (NFC) with `\\n` at the ends of lines, and how many forbidden characters were taken out of it.

    Forbidden: controls, what is invisible, what turns the reading round. Raises Unusable: TEXT_TOO_LONG, TEXT_BLANK.
    """
    if len(text) > max_characters:
        raise Unusable("TEXT_TOO_LONG")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    text, removed = _FORBIDDEN.subn("", text)
    text = unicodedata.normalize("NFC", text)
    if not text.strip():
        raise Unusable("TEXT_BLANK")
    return text, removed


def text_pdf(text: str, labels: PdfLabels) -> tuple[bytes, int]:
    """The PDF/A-1b of a plain text under its title, and its number of pages; spaces at the start of lines are kept."""
    flow = Flow(_TOP, lambda marks: _draw_page_top(labels, marks))
    flow.lines(wrap(labels.title, 14, ROOM, bold=True), size=14, bold=True, colour=ACCENT)
    flow.skip(2)
    flow.marks.append(Line(LEFT, flow.y, RIGHT, flow.y, 0.8, RULE))
    flow.skip(8)
    indented = _LEADING_SPACES.sub(lambda found: "\u00a0" * len(found.group().expandtabs(4)), text)
    flow.lines(wrap(indented, BODY, ROOM))
    draw_page_bottoms(flow.pages, labels.author, f"Document {labels.document_id}")
    return write_pdf(flow.pages, labels), len(flow.pages)


def _draw_page_top(labels: PdfLabels, marks: list[Mark]) -> float:
    marks.append(Text(LEFT, _TOP - 8, _SMALL, shortened(labels.title, _SMALL, ROOM), False, GREY))
    return _TOP - 8 + _SMALL * LEADING + 6
