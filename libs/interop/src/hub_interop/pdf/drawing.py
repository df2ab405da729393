"""Pages as lists of marks, and their bytes: PDF/A-1b, the same bytes for the same marks and labels."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

import pikepdf
from fpdf import FPDF
from PIL import Image

from hub_interop.pdf import typefaces

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points."""

PRODUCER = "Hub DMP"
Colour = tuple[int, int, int]
INK: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True, repr=False)
class PdfLabels:
    """What a PDF says of itself. `created_at` is aware; the document's id makes the file's."""

    title: str
    author: str
    created_at: datetime
    document_id: str

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError("the creation date of a PDF is aware")


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """A printable line whose baseline starts at (x, y); points from the top left corner."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    colour: Colour = INK


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.5
    colour: Colour = INK


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in L, RGB or 1-bit mode, or the bytes of a JPEG, drawn in a rectangle."""

    x: float
    y: float
    width: float
    height: float
    image: Image.Image | io.BytesIO = field(repr=False)


Mark = Text | Line | Box | Picture


class _Pdf(FPDF):
    """fpdf2 with a file id that depends on nothing but the document."""

    def __init__(self, labels: PdfLabels) -> None:
        super().__init__(unit="pt", format=(PAGE_WIDTH, PAGE_HEIGHT), enforce_compliance="PDFA_1B")
        self._file_id = hashlib.sha256(labels.document_id.encode("utf-8", "replace")).hexdigest()[:32].upper()
        self.set_auto_page_break(False)
        moment = labels.created_at.astimezone(UTC).replace(microsecond=0)
        title, author = typefaces.printable(labels.title), typefaces.printable(labels.author)
        self.set_title(title)
        self.set_author(author)
        self.set_producer(PRODUCER)
        self.set_creation_date(moment)
        stamp = moment.strftime("D:%Y%m%d%H%M%S+00'00'")
        self.info = {"/Title": title, "/Author": author, "/Producer": PRODUCER, "/CreationDate": stamp}
        self.set_lang("fr-FR")
        self.set_xmp_metadata(_xmp(title, author, moment))

    def file_id(self) -> str:
        """The same identifier twice: the file was never updated."""
        return f"<{self._file_id}><{self._file_id}>"


def write_pdf(pages: Iterable[list[Mark]], labels: PdfLabels) -> bytes:
    """The PDF/A-1b of these pages, taken one after the other; ValueError when there is none."""
    pdf = _Pdf(labels)
    for marks in pages:
        pdf.add_page()
        for mark in marks:
            _draw(pdf, mark)
    if not pdf.pages:
        raise ValueError("a PDF has a page")
    return _with_info(bytes(pdf.output() or b""), pdf)


def _with_info(content: bytes, pdf: _Pdf) -> bytes:
    """The same file with /Info, which fpdf2 leaves out of PDF/A and many readers look at; it says what the XMP says."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as opened:
        info = pikepdf.Dictionary({key: pikepdf.String(value) for key, value in pdf.info.items()})
        opened.trailer.Info = opened.make_indirect(info)
        opened.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            fix_metadata_version=False,
            force_version="1.4",
            deterministic_id=True,
        )
    return out.getvalue()


def _draw(pdf: FPDF, mark: Mark) -> None:
    match mark:
        case Text():
            typefaces.install(pdf)
            pdf.set_font(typefaces.FAMILY, "B" if mark.bold else "", mark.size)
            pdf.set_text_color(*mark.colour)
            pdf.text(mark.x, mark.y, mark.text)
        case Line():
            pdf.set_draw_color(*mark.colour)
            pdf.set_line_width(mark.width)
            pdf.line(mark.x1, mark.y1, mark.x2, mark.y2)
        case Box():
            pdf.set_fill_color(*mark.colour)
            pdf.rect(mark.x, mark.y, mark.width, mark.height, style="F")
        case Picture():
            pdf.image(mark.image, mark.x, mark.y, mark.width, mark.height)


def _xmp(title: str, author: str, moment: datetime) -> str:
    """The metadata of PDF/A-1b, one rdf:Description for each schema, saying the same as /Info (ISO 19005-1, 6.7.3)."""
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    described = (
        (
            "dc",
            "http://purl.org/dc/elements/1.1/",
            "<dc:format>application/pdf</dc:format>"
            f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
            f"<dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>",
        ),
        ("xmp", "http://ns.adobe.com/xap/1.0/", f"<xmp:CreateDate>{stamp}</xmp:CreateDate>"),
        ("pdf", "http://ns.adobe.com/pdf/1.3/", f"<pdf:Producer>{PRODUCER}</pdf:Producer>"),
        (
            "pdfaid",
            "http://www.aiim.org/pdfa/ns/id/",
            "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>",
        ),
    )
    descriptions = "\n".join(
        f'<rdf:Description rdf:about="" xmlns:{prefix}="{uri}">{content}</rdf:Description>'
        for prefix, uri, content in described
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n{descriptions}\n</rdf:RDF>\n</x:xmpmeta>'
    )
