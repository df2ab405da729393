"""A file that an LGO supplies: recognised, checked, and given the only two forms a CDA takes (PDF/A-1, plain text)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub_interop.pdf.drawing import PdfLabels
from hub_interop.pdf.images import images_pdf
from hub_interop.pdf.limits import FileLimits
from hub_interop.pdf.pdf_checks import pdf_problems
from hub_interop.pdf.plain_text import cleaned, decoded, text_pdf
from hub_interop.pdf.problems import FileRefused, Unusable, refused
from hub_interop.pdf.rtf import rtf_text

PDF, TEXT, RTF, JPEG, TIFF = "application/pdf", "text/plain", "application/rtf", "image/jpeg", "image/tiff"
_RTF_BYTES_PER_CHARACTER = 8
_ALIASES = {"text/rtf": RTF}
_SIGNATURES = (
    (b"%PDF-", PDF),
    (b"{\\rtf", RTF),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)


@dataclass(frozen=True, slots=True)
class Supplied:
    """A file that can go into a CDA. `media_type` is application/pdf (PDF/A-1) or text/plain (UTF-8).

    `source_type` is what was supplied, `converted` whether the PDF is ours, `pages` is 0 for a text,
    `removed_characters` counts the forbidden characters taken out of a text.
    """

    media_type: str
    content: bytes = field(repr=False)
    source_type: str
    converted: bool
    pages: int
    removed_characters: int = 0


def examine(content: bytes, media_type: str, limits: FileLimits, labels: PdfLabels) -> Supplied | FileRefused:
    """The file in the form a CDA takes, or every reason why not.

    `media_type` is the declared type, with its charset perhaps; `labels` name the PDF made of an image or an RTF.
    A PDF is never altered: it's PDF/A-1 or it's refused. Deterministic; never raises for a bad file.
    """
    declared, charset = _parsed(media_type)
    if not content:
        return refused({"FILE_EMPTY"})
    if len(content) > limits.max_bytes:
        return refused({"FILE_TOO_LARGE"})
    if declared not in (PDF, TEXT, RTF, JPEG, TIFF):
        return refused({"FILE_TYPE_UNSUPPORTED"})
    if sniffed(content) != declared:
        return refused({"FILE_TYPE_MISMATCH"})
    try:
        return _examined(content, declared, charset, limits, labels)
    except Unusable as refusal:
        return refused({refusal.code})


def sniffed(content: bytes) -> str:
    """The type that the first bytes tell; text/plain when they tell nothing."""
    return next((kind for signature, kind in _SIGNATURES if content.startswith(signature)), TEXT)


def _examined(
    content: bytes, kind: str, charset: str | None, limits: FileLimits, labels: PdfLabels
) -> Supplied | FileRefused:
    match kind:
        case "application/pdf":
            codes, pages = pdf_problems(content, limits)
            return refused(codes) if codes else Supplied(PDF, content, PDF, False, pages)
        case "text/plain":
            text, removed = cleaned(decoded(content, charset), limits.max_characters)
            return Supplied(TEXT, text.encode(), TEXT, False, 0, removed)
        case "application/rtf":
            if len(content) > _RTF_BYTES_PER_CHARACTER * limits.max_characters:
                raise Unusable("TEXT_TOO_LONG")
            text, removed = cleaned(rtf_text(content), limits.max_characters)
            made, pages = text_pdf(text, labels)
            return Supplied(PDF, made, RTF, True, pages, removed)
        case _:
            made, pages = images_pdf(content, "JPEG" if kind == JPEG else "TIFF", limits, labels)
            return Supplied(PDF, made, kind, True, pages)


def _parsed(media_type: str) -> tuple[str, str | None]:
    """Type in lower case under its usual name, and the charset when one is given."""
    kind, *parameters = (part.strip() for part in media_type.split(";"))
    given = (part.partition("=") for part in parameters)
    charset = next((value for name, _, value in given if name.strip().lower() == "charset"), None)
    kind = kind.lower()
    return _ALIASES.get(kind, kind), charset
