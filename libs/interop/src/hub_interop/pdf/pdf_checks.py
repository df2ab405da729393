"""What is wrong with a supplied PDF: nothing in it is decoded, run or followed; every object is looked at once.

The cheap half of PDF/A-1 (ISO 19005-1): the declaration, and what is forbidden in dictionaries. Page contents, colours
and font programs aren't read: a file that passes can still be invalid for a full validator.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import pikepdf
from lxml import etree

from hub_interop.pdf.limits import FileLimits
from hub_interop.pdf.problems import Unusable
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

_MAX_METADATA = 1_000_000
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PDFA = "http://www.aiim.org/pdfa/ns/id/"
_SMALLEST_SIDE, _LARGEST_SIDE = 28.0, 14_400.0  # points: 1 cm, and the most that PDF 1.4 allows (5 m)
_ESCAPED_NAME = re.compile(rb"/[A-Za-z]{0,40}#[0-9A-Fa-f]{2}[A-Za-z0-9#]{0,80}")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_NO_DELIMITER = bytes(set(range(256)) - set(b"\x00\t\n\f\r ()<>[]{}/%"))
_REFERENCE = re.compile(rb"[\x00\t\n\f\r ]R(?![A-Za-z])")
_COMPRESSED_STRUCTURE = (b"/ObjStm", b"/XRef")

_ACTIONS = {
    "/JavaScript": "PDF_SCRIPT",
    "/Launch": "PDF_ACTION",
    "/SubmitForm": "PDF_ACTION",
    "/ImportData": "PDF_ACTION",
    "/ResetForm": "PDF_ACTION",
    "/Hide": "PDF_ACTION",
    "/GoToE": "PDF_ACTION",
    "/SetOCGState": "PDF_ACTION",
    "/Movie": "PDF_MULTIMEDIA",
    "/Sound": "PDF_MULTIMEDIA",
    "/Rendition": "PDF_MULTIMEDIA",
    "/GoTo3DView": "PDF_MULTIMEDIA",
    "/RichMediaExecute": "PDF_MULTIMEDIA",
    "/Transparency": "PDF_NOT_PDFA_TRANSPARENCY",
}
_SUBTYPES = {
    "/FileAttachment": "PDF_EMBEDDED_FILES",
    "/Movie": "PDF_MULTIMEDIA",
    "/Sound": "PDF_MULTIMEDIA",
    "/Screen": "PDF_MULTIMEDIA",
    "/3D": "PDF_MULTIMEDIA",
    "/RichMedia": "PDF_MULTIMEDIA",
    "/PS": "PDF_NOT_PDFA_CONTENT",
}
_KEYS = {
    "/JS": "PDF_SCRIPT",
    "/JavaScript": "PDF_SCRIPT",
    "/AA": "PDF_ACTION",
    "/EF": "PDF_EMBEDDED_FILES",
    "/EmbeddedFiles": "PDF_EMBEDDED_FILES",
    "/XFA": "PDF_FORM",
    "/OCProperties": "PDF_NOT_PDFA_CONTENT",
    "/Alternates": "PDF_NOT_PDFA_CONTENT",
    "/OPI": "PDF_NOT_PDFA_CONTENT",
}
_FONTS_TO_EMBED = frozenset({"/Type1", "/TrueType", "/MMType1", "/CIDFontType0", "/CIDFontType2"})
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
_FORBIDDEN_FILTERS = frozenset({"/LZWDecode", "/LZW", "/JPXDecode", "/Crypt"})
_PLAIN_BLENDS = frozenset({"/Normal", "/Compatible"})


def pdf_problems(content: bytes, limits: FileLimits) -> tuple[set[str], int]:
    """Codes of everything wrong (empty when nothing was found), and the number of pages (0 when it can't be told)."""
    codes = set(_structure_problems(content))
    if _has_name(content, _COMPRESSED_STRUCTURE):
        # never opened: such a file can unfold to a thousand times its size
        codes.add("PDF_NOT_PDFA_VERSION")
        if _has_name(content, (b"/Encrypt",)):
            codes.add("PDF_ENCRYPTED")
        return codes, 0
    if _is_too_complex(content, limits):
        return codes | {"PDF_TOO_COMPLEX"}, 0
    try:
        with _opened(content) as pdf:
            pages = _page_problems(pdf, limits, codes)
            _object_problems(pdf, limits, codes)
            codes.update(_conformance_problems(pdf))
            if pdf.get_warnings():
                codes.add("PDF_UNREADABLE")
            return codes, pages
    except Unusable as refusal:
        return codes | {refusal.code}, 0
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return codes | {"PDF_UNREADABLE"}, 0


def _opened(content: bytes) -> pikepdf.Pdf:
    try:
        pdf = pikepdf.open(
            io.BytesIO(content), ignore_xref_streams=True, attempt_recovery=False, inherit_page_attributes=False
        )
    except pikepdf.PasswordError:
        raise Unusable("PDF_ENCRYPTED") from None
    if pdf.is_encrypted:
        pdf.close()
        raise Unusable("PDF_ENCRYPTED")
    return pdf


def _structure_problems(content: bytes) -> Iterator[str]:
    """PDF/A-1, 6.1.2 and 6.1.3: header at the first byte, nothing after the last end-of-file mark."""
    if not re.match(rb"%PDF-1\.[0-7][\r\n]", content) or not content.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "PDF_NOT_PDFA_STRUCTURE"


def _has_name(content: bytes, names: tuple[bytes, ...]) -> bool:
    """Whether one of the PDF names is written in the file, escapes (`/Obj#53tm`) included."""
    if any(name in content for name in names):
        return True
    if b"#" not in content:
        return False
    escaped = (_HEX.sub(lambda m: bytes([int(m.group(1), 16)]), found) for found in _ESCAPED_NAME.findall(content))
    return any(found.startswith(names) for found in escaped)


def _is_too_complex(content: bytes, limits: FileLimits) -> bool:
    """Whether reading the file could cost far more than its size: told from its bytes, before anything is parsed.

    An object takes 60 to 120 bytes of memory for each byte that writes it, a page 2 kB for each reference to it. Every
    token ends at a delimiter, every reference at an R: neither can be hidden from a count.
    """
    return (
        content.count(b"obj") > 2 * limits.max_objects
        or len(content.translate(None, _NO_DELIMITER)) > limits.max_delimiters
        or sum(1 for _ in _REFERENCE.finditer(content)) > limits.max_references
    )


def _page_problems(pdf: pikepdf.Pdf, limits: FileLimits, codes: set[str]) -> int:
    count = len(pdf.pages)
    if count == 0:
        codes.add("PDF_NO_PAGE")
    if count > limits.max_pages:
        codes.add("PDF_TOO_MANY_PAGES")
        return count
    for page in pdf.pages:
        left, bottom, right, top = (float(value) for value in page.mediabox)
        sides = (abs(right - left), abs(top - bottom))
        if min(sides) < _SMALLEST_SIDE or max(sides) > _LARGEST_SIDE:
            codes.add("PDF_PAGE_SIZE")
    return count


def _object_problems(pdf: pikepdf.Pdf, limits: FileLimits, codes: set[str]) -> None:
    """Every dictionary and array, direct or not, once."""
    budget = limits.max_items
    pending: list[object] = [pdf.trailer]
    for found in pdf.objects:
        pending.append(found)
        while pending:
            current = pending.pop()
            if isinstance(current, pikepdf.Stream):
                codes.update(_stream_problems(current))
                entries = dict(current.items())
            elif isinstance(current, pikepdf.Dictionary):
                entries = dict(current.items())
            elif isinstance(current, pikepdf.Array):
                budget -= len(current)
                if budget < 0:
                    raise Unusable("PDF_TOO_COMPLEX")
                pending.extend(value for value in current if _is_nested(value))
                continue
            else:
                continue
            budget -= len(entries)
            if budget < 0:
                raise Unusable("PDF_TOO_COMPLEX")
            codes.update(_dictionary_problems(entries))
            pending.extend(value for value in entries.values() if _is_nested(value))


def _is_nested(value: object) -> bool:
    """A dictionary or array written inside another: those with a number of their own have their own turn."""
    return isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect


def _dictionary_problems(entries: Mapping[str, object]) -> Iterator[str]:
    for key in _KEYS.keys() & entries.keys():
        yield _KEYS[key]
    action = _name(entries.get("/S"))
    if action in _ACTIONS:
        yield _ACTIONS[action]
    subtype = _name(entries.get("/Subtype"))
    if subtype in _SUBTYPES:
        yield _SUBTYPES[subtype]
    if subtype in _FONTS_TO_EMBED and not _is_embedded(entries):
        yield "PDF_NOT_PDFA_FONT"
    if _is_transparent(entries):
        yield "PDF_NOT_PDFA_TRANSPARENCY"
    if entries.get("/NeedAppearances") is True:
        yield "PDF_FORM"
    if subtype == "/Image" and entries.get("/Interpolate") is True:
        yield "PDF_NOT_PDFA_CONTENT"


def _is_embedded(font: Mapping[str, object]) -> bool:
    descriptor = font.get("/FontDescriptor")
    return isinstance(descriptor, pikepdf.Dictionary) and any(
        isinstance(descriptor.get(name), pikepdf.Stream) for name in _FONT_FILES
    )


def _is_transparent(entries: Mapping[str, object]) -> bool:
    """PDF/A-1, 6.4: soft masks, blend modes other than Normal, opacities other than 1."""
    mask = entries.get("/SMask")
    if mask is not None and _name(mask) != "/None":
        return True
    blend = entries.get("/BM")
    if blend is not None and _name(blend) not in _PLAIN_BLENDS:
        return True
    return any(_is_number(entries.get(key)) and entries[key] != 1 for key in ("/CA", "/ca", "/SMaskInData"))


def _stream_problems(stream: pikepdf.Stream) -> Iterator[str]:
    if "/F" in stream:
        yield "PDF_NOT_PDFA_CONTENT"
    filters = stream.get("/Filter")
    names = {_name(each) for each in filters} if isinstance(filters, pikepdf.Array) else {_name(filters)}
    if names & _FORBIDDEN_FILTERS:
        yield "PDF_NOT_PDFA_CONTENT"
    if _name(stream.get("/Type")) == "/EmbeddedFile":
        yield "PDF_EMBEDDED_FILES"


def _conformance_problems(pdf: pikepdf.Pdf) -> Iterator[str]:
    if "/ID" not in pdf.trailer:
        yield "PDF_NOT_PDFA_STRUCTURE"
    intents = pdf.Root.get("/OutputIntents")
    if not isinstance(intents, pikepdf.Array) or not any(_is_pdfa_intent(intent) for intent in intents):
        yield "PDF_NOT_PDFA_OUTPUT_INTENT"
    if not _declares_pdfa1(pdf.Root.get("/Metadata")):
        yield "PDF_NOT_PDFA"


def _is_pdfa_intent(intent: object) -> bool:
    return (
        isinstance(intent, pikepdf.Dictionary)
        and _name(intent.get("/S")) == "/GTS_PDFA1"
        and isinstance(intent.get("/DestOutputProfile"), pikepdf.Stream)
    )


def _declares_pdfa1(metadata: object) -> bool:
    """Whether the XMP says part 1, level A or B. It's stored plainly in PDF/A-1 (6.7.2): nothing is unfolded."""
    if not isinstance(metadata, pikepdf.Stream) or "/Filter" in metadata:
        return False
    try:
        root = parse_xml(metadata.read_raw_bytes().strip(b"\x00 \t\r\n"), where="XMP", limit=_MAX_METADATA).getroot()
    except MessageUnreadable:
        return False
    return _xmp_value(root, "part") == "1" and _xmp_value(root, "conformance") in ("A", "B")


def _xmp_value(root: etree._Element, name: str) -> str | None:
    """The only value of a property of the PDF/A schema, written as an element or as an attribute."""
    tag = f"{{{_PDFA}}}{name}"
    values = [(node.text or "").strip() for node in root.iter(tag)]
    values += [node.get(tag, "") for node in root.iter(f"{{{_RDF}}}Description") if tag in node.attrib]
    return values[0] if len(values) == 1 else None


def _name(value: object) -> str | None:
    return str(value) if isinstance(value, pikepdf.Name) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
