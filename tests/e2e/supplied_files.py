"""Files as an LGO supplies them: good ones, and ones that may not enter the DMP."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
from PIL import Image

from hub_interop.pdf import PdfLabels, text_pdf

PDF, TEXT, RTF, JPEG, TIFF = "application/pdf", "text/plain", "application/rtf", "image/jpeg", "image/tiff"
_CREATED = datetime(2026, 11, 2, 9, tzinfo=UTC)


def pdfa(text: str = "Un document d'essai.", title: str = "Courrier d'essai") -> bytes:
    """A PDF/A-1b of one page; its title stands in it in clear, in the XMP."""
    content, pages = text_pdf(text, PdfLabels(title, "LGO d'essai", _CREATED, "2.25.42"))
    assert pages == 1
    return content


def pdf_with_javascript(title: str = "Courrier d'essai") -> bytes:
    """A PDF/A but for the script that runs when it is opened."""
    with pikepdf.open(io.BytesIO(pdfa(title=title))) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        return _saved(pdf)


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password."""
    with pikepdf.open(io.BytesIO(pdfa())) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="essai", user="essai", R=4))
    assert b"/Encrypt" in out.getvalue()
    return out.getvalue()


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, force_version="1.4")
    return out.getvalue()


def picture(image_format: str, size: tuple[int, int] = (320, 200)) -> bytes:
    """A grey gradient as JPEG or TIFF."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, image_format)
    return out.getvalue()


def inline(media_type: str, content: bytes) -> dict[str, Any]:
    """The content of an act with that file inside."""
    return {"file": {"media_type": media_type, "data": base64.b64encode(content).decode("ascii")}}


def deposited(media_type: str, attachment_id: str) -> dict[str, Any]:
    """The content of an act that names a deposited file."""
    return {"file": {"media_type": media_type, "attachment": attachment_id}}
