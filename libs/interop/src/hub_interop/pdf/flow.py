"""A column of text that runs over pages: paragraphs, labelled values, lists, notices."""

from __future__ import annotations

from collections.abc import Callable

from hub_interop.pdf.drawing import INK, PAGE_HEIGHT, PAGE_WIDTH, Box, Colour, Line, Mark, Text
from hub_interop.pdf.typefaces import wrap

LEFT, RIGHT = 51.0, PAGE_WIDTH - 51.0
BOTTOM = PAGE_HEIGHT - 72.0
ROOM = RIGHT - LEFT
BODY = 9.5
LEADING = 1.38
GREY: Colour = (90, 90, 90)
PALE: Colour = (243, 245, 247)
RULE: Colour = (190, 196, 202)
ACCENT: Colour = (23, 62, 98)
WARNING: Colour = (176, 84, 0)
_LABEL_SHARE = 0.32
_INDENT = 12.0
_NOTICE_PADDING = 3.5


class Flow:
    """Pages being filled from top to bottom. `start_page` draws the top of a page after the first; it returns y."""

    def __init__(self, top: float, start_page: Callable[[list[Mark]], float]) -> None:
        self.pages: list[list[Mark]] = [[]]
        self.y = top
        self._start_page = start_page

    @property
    def marks(self) -> list[Mark]:
        """The marks of the page being filled."""
        return self.pages[-1]

    @property
    def left_on_page(self) -> float:
        """Points left above the footer."""
        return BOTTOM - self.y

    def break_page(self) -> None:
        """Go to the top of a new page."""
        self.pages.append([])
        self.y = self._start_page(self.marks)

    def need(self, height: float) -> bool:
        """Break the page unless `height` points are left; True when it broke."""
        if height <= self.left_on_page:
            return False
        self.break_page()
        return True

    def skip(self, height: float) -> None:
        """Leave a space; never at the cost of a new page."""
        self.y += height

    def lines(
        self, lines: list[str], *, x: float = LEFT, size: float = BODY, bold: bool = False, colour: Colour = INK
    ) -> None:
        """Lines already wrapped, one under the other, over as many pages as it takes."""
        height = size * LEADING
        for line in lines:
            self.need(height)
            if line:
                self.marks.append(Text(x, self.y + size, size, line, bold, colour))
            self.y += height

    def paragraph(self, text: str, *, size: float = BODY, bold: bool = False, colour: Colour = INK) -> None:
        """A text over the whole column, and a small space."""
        self.lines(wrap(text, size, ROOM, bold=bold), size=size, bold=bold, colour=colour)
        self.skip(size * 0.4)

    def heading(self, text: str) -> None:
        """A section's heading with its rule, kept on the page of what follows."""
        size = 11.5
        wrapped = wrap(text, size, ROOM, bold=True)
        self.skip(8)
        self.need(len(wrapped) * size * LEADING + 4 + 3 * BODY * LEADING)
        self.lines(wrapped, size=size, bold=True, colour=ACCENT)
        self.marks.append(Line(LEFT, self.y + 1, RIGHT, self.y + 1, 0.6, RULE))
        self.skip(6)

    def bullets(self, items: tuple[str, ...]) -> None:
        """A list with hanging indents."""
        for item in items:
            wrapped = wrap(item, BODY, ROOM - _INDENT)
            self.need(BODY * LEADING)
            self.marks.append(Text(LEFT + 2, self.y + BODY, BODY, "•"))
            self.lines(wrapped, x=LEFT + _INDENT)
        self.skip(BODY * 0.4)

    def fields(self, items: tuple[tuple[str, str], ...], *, x: float = LEFT, room: float = ROOM) -> None:
        """Labels on the left, values on the right, each in its own column."""
        share = room * _LABEL_SHARE
        height = BODY * LEADING
        for label, value in items:
            labels, values = wrap(label, BODY, share - 8), wrap(value, BODY, room - share)
            for index in range(max(len(labels), len(values))):
                self.need(height)
                if index < len(labels):
                    self.marks.append(Text(x, self.y + BODY, BODY, labels[index], False, GREY))
                if index < len(values) and values[index]:
                    self.marks.append(Text(x + share, self.y + BODY, BODY, values[index]))
                self.y += height
            self.skip(1.5)
        self.skip(BODY * 0.3)

    def notice(self, label: str, text: str, *, warning: bool) -> None:
        """A text on a pale ground behind a bar; the label says what the colour says."""
        colour = WARNING if warning else ACCENT
        height = BODY * LEADING
        lines = wrap(text, BODY, ROOM - 20)
        self.skip(3)
        self.need((1 + min(len(lines), 2)) * height + 2 * _NOTICE_PADDING)
        self._notice_ground(_NOTICE_PADDING, colour)
        self._notice_line(label, colour, colour, bold=True)
        for line in lines:
            self.need(height + _NOTICE_PADDING)
            self._notice_line(line, INK, colour, bold=False)
        self._notice_ground(_NOTICE_PADDING, colour)
        self.skip(6)

    def _notice_line(self, line: str, ink: Colour, bar: Colour, *, bold: bool) -> None:
        y = self.y + BODY
        self._notice_ground(BODY * LEADING, bar)
        if line:
            self.marks.append(Text(LEFT + 11, y, BODY, line, bold, ink))

    def _notice_ground(self, height: float, bar: Colour) -> None:
        self.marks.append(Box(LEFT, self.y, ROOM, height + 0.2, PALE))
        self.marks.append(Box(LEFT, self.y, 3, height + 0.2, bar))
        self.y += height
