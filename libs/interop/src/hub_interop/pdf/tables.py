"""Tables that run over pages: headings repeated, rows kept whole when a page can hold them."""

from __future__ import annotations

from dataclasses import dataclass

from hub_interop.pdf.drawing import Box, Line, Text
from hub_interop.pdf.flow import ACCENT, BOTTOM, LEADING, LEFT, PALE, RIGHT, ROOM, RULE, Flow
from hub_interop.pdf.typefaces import width, wrap
from hub_interop.report.model import Table

_SIZES = (8.5, 7.5, 6.5)  # the largest in which no word has to be cut
_PADDING = 4.0
_LONGEST = 260.0  # a cell wider than this is wrapped anyway: it doesn't ask for more room
_LONGEST_WORD = 110.0  # a word wider than this may be cut rather than squeeze the other columns
_WHOLE_ROW = 0.5  # of a page: a row taller than that is cut where the page ends

Cells = list[list[str]]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the table is drawn, the size of its letters, its columns, and the heading that every page repeats."""

    flow: Flow
    size: float
    widths: list[float]
    heading: Cells

    @property
    def line(self) -> float:
        return self.size * LEADING

    def height(self, cells: Cells) -> float:
        return max((len(lines) for lines in cells), default=0) * self.line + 2 * _PADDING

    def lines_that_fit(self) -> int:
        return int((self.flow.left_on_page - 2 * _PADDING) / self.line)


def draw_table(flow: Flow, table: Table) -> None:
    """The table at the current place of the flow, and a small space."""
    size, widths = _measured(table)
    heading = _cells(table.columns, size, widths, bold=True) if any(table.columns) else []
    rows = [_cells((*row, *[""] * (len(widths) - len(row))), size, widths) for row in table.rows]
    grid = _Grid(flow, size, widths, heading)
    if grid.height(heading) > BOTTOM * _WHOLE_ROW:  # too tall to be repeated: it becomes the first row
        rows, grid = [heading, *rows], _Grid(flow, size, widths, [])
    elif heading:
        flow.need(grid.height(heading) + min(grid.height(rows[0]) if rows else 0, 4 * grid.line))
        _draw_heading(grid)
    for cells in rows:
        _draw_row(grid, cells)
    flow.skip(8)


def _measured(table: Table) -> tuple[float, list[float]]:
    """The size of the letters, and points for each column: as asked, or by what the cells hold."""
    if table.widths is not None:
        return _SIZES[0], [ROOM * part / sum(table.widths) for part in table.widths]
    by_row = ((*row, *[""] * (len(table.columns) - len(row))) for row in table.rows)
    by_column = list(zip(table.columns, *by_row, strict=True))
    # one measure in thousandths serves all sizes
    texts = [max(_text_width(text) for text in column) for column in by_column]
    words = [max(_word_width(text) for text in column) for column in by_column]
    gap = 2 * _PADDING + 1
    for size in _SIZES:
        wanted = [min(each * size, _LONGEST) + gap for each in texts]
        least = [min(each * size, _LONGEST_WORD) + gap for each in words]
        if sum(least) <= ROOM or size == _SIZES[-1]:
            break
    if sum(wanted) <= ROOM:
        return size, [part * ROOM / sum(wanted) for part in wanted]
    if sum(least) >= ROOM:
        return size, [part * ROOM / sum(least) for part in least]
    share = (ROOM - sum(least)) / max(sum(wanted) - sum(least), 1)
    spread = [low + max(want - low, 0) * share for low, want in zip(least, wanted, strict=True)]
    return size, [part * ROOM / sum(spread) for part in spread]


def _text_width(text: str) -> float:
    """Of the widest line, in points at size 1."""
    return max(width(line, 1, True) for line in wrap(text, 1, 100_000, bold=True))


def _word_width(text: str) -> float:
    words = (word for line in wrap(text, 1, 100_000, bold=True) for word in line.split(" "))
    return max((width(word, 1, True) for word in words), default=0)


def _cells(texts: tuple[str, ...], size: float, widths: list[float], *, bold: bool = False) -> Cells:
    return [
        wrap(text, size, room - 2 * _PADDING, bold=bold) if text else []
        for text, room in zip(texts, widths, strict=True)
    ]


def _draw_heading(grid: _Grid) -> None:
    if not grid.heading:
        return
    flow = grid.flow
    flow.marks.append(Box(LEFT, flow.y, ROOM, grid.height(grid.heading), PALE))
    _draw_cells(grid, grid.heading, bold=True)
    flow.marks.append(Line(LEFT, flow.y, RIGHT, flow.y, 0.9, ACCENT))


def _draw_row(grid: _Grid, cells: Cells) -> None:
    flow = grid.flow
    height = grid.height(cells)
    if height > flow.left_on_page and height <= BOTTOM * _WHOLE_ROW:
        flow.break_page()
        _draw_heading(grid)
    while (room := grid.lines_that_fit()) < max(len(lines) for lines in cells):
        if room > 0:
            _draw_cells(grid, [lines[:room] for lines in cells])
            cells = [lines[room:] for lines in cells]
        flow.break_page()
        _draw_heading(grid)
    _draw_cells(grid, cells)
    flow.marks.append(Line(LEFT, flow.y, RIGHT, flow.y, 0.4, RULE))


def _draw_cells(grid: _Grid, cells: Cells, *, bold: bool = False) -> None:
    """Cell after cell, so that extraction reads them in order."""
    x, flow = LEFT, grid.flow
    for lines, room in zip(cells, grid.widths, strict=True):
        for index, line in enumerate(lines):
            y = flow.y + _PADDING + index * grid.line + grid.size
            flow.marks.append(Text(x + _PADDING, y, grid.size, line, bold))
        x += room
    flow.y += grid.height(cells)
