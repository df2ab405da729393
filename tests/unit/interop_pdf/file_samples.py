"""Files as an LGO could supply them: good ones, and hostile ones made by changing a good one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image
from report_samples import CREATED, DOCUMENT_ID, SHORT

from hub_interop.pdf import FileLimits, FileRefused, PdfLabels, Supplied, examine, report_pdf

LABELS = PdfLabels("Courrier de la patiente", "PHARMACIE DE TEST", CREATED, DOCUMENT_ID)
LIMITS = FileLimits()
PDF, TEXT, RTF, JPEG, TIFF = "application/pdf", "text/plain", "application/rtf", "image/jpeg", "image/tiff"
BASE = report_pdf(SHORT, CREATED, DOCUMENT_ID)


def codes(content: bytes, media_type: str, limits: FileLimits = LIMITS) -> list[str]:
    """The codes of a refusal; empty for a file that's accepted."""
    found = examine(content, media_type, limits, LABELS)
    return [problem.code for problem in found.problems] if isinstance(found, FileRefused) else []


def accepted(content: bytes, media_type: str, limits: FileLimits = LIMITS) -> Supplied:
    """The file as accepted."""
    found = examine(content, media_type, limits, LABELS)
    assert isinstance(found, Supplied), found
    return found


def saved(pdf: Pdf, **options: object) -> bytes:
    """The bytes of a changed PDF, in the plain structure of PDF 1.4."""
    out = io.BytesIO()
    settings: dict[str, object] = {
        "object_stream_mode": pikepdf.ObjectStreamMode.disable,
        "force_version": "1.4",
        "stream_decode_level": pikepdf.StreamDecodeLevel.none,
        "compress_streams": False,
        "fix_metadata_version": False,
    }
    if "encryption" in options:
        del settings["stream_decode_level"]
    pdf.save(out, **{**settings, **options})  # type: ignore[arg-type]
    return out.getvalue()


def changed(change: Callable[[Pdf], object], base: bytes = BASE) -> bytes:
    """A good PDF/A with one change."""
    with pikepdf.open(io.BytesIO(base)) as pdf:
        change(pdf)
        return saved(pdf)


def action(kind: str, **entries: object) -> Dictionary:
    """An action dictionary."""
    return Dictionary(S=Name("/" + kind), **entries)


def annotate(pdf: Pdf, **entries: object) -> None:
    """Put an annotation on the first page."""
    annotation = Dictionary(Type=Name.Annot, Rect=Array([10, 10, 50, 50]), **entries)
    pdf.pages[0].Annots = Array([pdf.make_indirect(annotation)])


def set_state(pdf: Pdf, **entries: object) -> None:
    """Give the first page a graphics state."""
    pdf.pages[0].obj.Resources.ExtGState = Dictionary(G1=Dictionary(Type=Name.ExtGState, **entries))


def set_root(pdf: Pdf, key: str, value: object) -> None:
    """Write in the catalogue."""
    pdf.Root[key] = value


def attach(pdf: Pdf) -> None:
    """Attach a file in the usual way."""
    pdf.attachments["note.txt"] = pikepdf.AttachedFileSpec(pdf, b"rien", filename="note.txt")


def add_image(pdf: Pdf, **entries: object) -> None:
    """Give the first page an image."""
    image = Stream(pdf, b"\x00", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, **entries)
    pdf.pages[0].obj.Resources.XObject = Dictionary(I1=pdf.make_indirect(image))


def unembed(pdf: Pdf) -> None:
    """Take the font programs away."""
    for found in pdf.objects:
        if isinstance(found, Dictionary) and "/FontFile2" in found:
            del found["/FontFile2"]


def set_xmp(pdf: Pdf, change: Callable[[bytes], bytes]) -> None:
    """Change the XMP as text."""
    pdf.Root.Metadata = pdf.make_indirect(
        Stream(pdf, change(pdf.Root.Metadata.read_bytes()), Type=Name.Metadata, Subtype=Name.XML)
    )


def javascript() -> Dictionary:
    """An action that runs JavaScript."""
    return action("JavaScript", JS=String("app.alert(1)"))


def by_hand(objects: list[bytes], root: int = 1, trailer: bytes = b"") -> bytes:
    """A PDF written without any library: whatever the objects say."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root %d 0 R/ID[<00><00>]%b>>\n" % (len(objects) + 1, root, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def page_loop() -> bytes:
    """A page tree whose node is its own child."""
    return by_hand([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[2 0 R]>>"])


def page_bomb() -> bytes:
    """Thirty page nodes that each hold the next one twice: a billion pages."""
    nodes = [b"<</Type/Pages/Count 9/Kids[%d 0 R %d 0 R]>>" % (n + 1, n + 1) for n in range(2, 32)]
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 31 0 R>>"
    return by_hand([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, page])


def object_bomb(count: int) -> bytes:
    """Very many tiny objects."""
    return by_hand([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>", *[b"null"] * count])


def array_bomb(count: int) -> bytes:
    """One array of very many entries."""
    return by_hand([b"<</Type/Catalog/Pages 2 0 R/X[%b]>>" % (b"1 " * count), b"<</Type/Pages/Count 0/Kids[]>>"])


def deep_bomb(depth: int) -> bytes:
    """Arrays in arrays."""
    return by_hand([b"<</Type/Catalog/Pages 2 0 R/X%b%b>>" % (b"[" * depth, b"]" * depth), b"<</Type/Pages/Kids[]>>"])


def escaped(content: bytes, name: bytes) -> bytes:
    """The same PDF with a name written by escapes; offsets stay right only if nothing follows: for byte scans."""
    return re.sub(rb"/" + name, b"/" + b"".join(b"#%02X" % byte for byte in name), content)


def picture(mode: str, size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A gradient in any mode."""
    grey = Image.linear_gradient("L").resize(size)
    if mode == "I;16":
        return grey.convert("I").point(lambda value: value * 256).convert("I;16")
    return grey.convert(mode)


def image_bytes(image: Image.Image, image_format: str, **options: object) -> bytes:
    """An image as a file."""
    out = io.BytesIO()
    image.save(out, image_format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def tiff_pages(count: int) -> bytes:
    """A TIFF of many pages: 1-bit, grey and RGB in turn."""
    pages = [picture(("1", "L", "RGB")[number % 3]) for number in range(count)]
    return image_bytes(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")


GOOD_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset238 Arial CE;}}"
    rb"{\*\generator Riched20;}{\info{\title cach\'e9}}\pard Compte rendu \'e9t\'e9 : 5 \u8364? \b gras\b0\par"
    rb"\tab\f1 \'9a\'b9\f0\par{\field{\*\fldinst HYPERLINK x}{\fldrslt lien}}\line \u-10179?\u-8694?"
    rb"\trowd a\cell b\cell\row\par}"
)
