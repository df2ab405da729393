"""The two embedded fonts: loaded once per process, their widths, what they can't show, and where lines end."""

from __future__ import annotations

import copy
import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

FAMILY = "hub"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_REPLACEMENT = 0xFFFD
# No shape of their own and no effect on the reading: a soft hyphen, a break opportunity, a mark at the start, variants
_DROPPED = frozenset({0x00AD, 0x200B, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)})
_TAB = "    "


@dataclass(frozen=True, slots=True)
class _Source:
    """A font as it was read: fpdf2's object, never drawn with, and what a new subset of it starts from."""

    font: TTFFont
    data: bytes
    glyph_order: list[str]


@cache
def _sources() -> dict[str, _Source]:
    owner = FPDF()
    found = {}
    for style, name in _FILES.items():
        with resources.as_file(resources.files("hub_interop.pdf") / "fonts" / name) as path:
            owner.add_font(FAMILY, style, path)
            font = owner.fonts[FAMILY + style]
            assert isinstance(font, TTFFont)
            found[style] = _Source(font, path.read_bytes(), font.ttfont.getGlyphOrder())
    return found


@cache
def _widths(bold: bool) -> dict[str, int]:
    """Character → advance in thousandths of the size, as fpdf2 writes it in the font's /W."""
    font = _sources()["B" if bold else ""].font
    return {chr(code): int(font.cw[code]) for code in font.cmap}


@cache
def _visible() -> _Visible:
    shown = set(_widths(False)) & set(_widths(True))
    return _Visible({ord(character): ord(character) for character in shown} | dict.fromkeys(_DROPPED))


class _Visible(dict[int, int | None]):
    """A table for `str.translate`: what has no glyph becomes a visible sign."""

    def __missing__(self, code: int) -> int:
        return _REPLACEMENT


def install(pdf: FPDF) -> None:
    """Give `pdf` both fonts, with subsets of their own, unless it has them."""
    if FAMILY in pdf.fonts:
        return
    for style, source in _sources().items():
        font = copy.copy(source.font)
        font.desc = copy.copy(source.font.desc)
        font.missing_glyphs = []
        font.ttfont = TTFont(io.BytesIO(source.data), recalcTimestamp=False, recalcBBoxes=False, lazy=True)
        font.ttfont.setGlyphOrder(list(source.glyph_order))
        font.subset = SubsetMap(font)
        pdf.fonts[FAMILY + style] = font


def printable(text: str) -> str:
    """`text` composed (NFC), on one line, with U+FFFD for each character that can't be shown."""
    return unicodedata.normalize("NFC", text.replace("\t", _TAB)).translate(_visible())


def width(text: str, size: float, bold: bool) -> float:
    """Width in points of a printable text."""
    return sum(map(_widths(bold).__getitem__, text)) * size / 1000


def wrap(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """The lines, each printable and at most `room` points wide, of a text that may hold ends of lines.

    Breaks at spaces, and inside a word only when it's wider than a line. Always at least one line.
    """
    limit = max(room, size) * 1000 / size
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        lines += _wrap_line(printable(line), limit, _widths(bold))
    return lines


def shortened(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The first line of `text`, with an ellipsis when it isn't all."""
    lines = wrap(" ".join(text.split()), size, room, bold=bold)
    if len(lines) == 1:
        return lines[0]
    return wrap(lines[0], size, room - width("…", size, bold), bold=bold)[0] + "…"


def _wrap_line(line: str, limit: float, widths: dict[str, int]) -> list[str]:
    lines: list[str] = []
    current, used, space = "", 0, widths[" "]
    for word in line.split(" "):
        if not word:
            continue
        needed = sum(map(widths.__getitem__, word))
        if current and used + space + needed <= limit:
            current, used = f"{current} {word}", used + space + needed
            continue
        if current:
            lines.append(current)
        if needed > limit:
            *whole, word = _pieces(word, limit, widths)
            lines += whole
            needed = sum(map(widths.__getitem__, word))
        current, used = word, needed
    return [*lines, current] if current or not lines else lines


def _pieces(word: str, limit: float, widths: dict[str, int]) -> list[str]:
    pieces, start, used = [], 0, 0
    for index, character in enumerate(word):
        advance = widths[character]
        if used + advance > limit and index > start:
            pieces.append(word[start:index])
            start, used = index, 0
        used += advance
    return [*pieces, word[start:]]
