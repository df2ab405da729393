"""Reading what the DMP sends back: one SOAP envelope, plain or multipart, with or without a Fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote

from lxml import etree

from hub_interop.soap.envelope import SOAP, WSA
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.mtom import XOP
from hub_interop.soap.safe_xml import DEFAULT_LIMIT, parse_xml

MAX_PARTS = 200
"""Most MIME parts read in one answer."""

_HEADER_LIMIT = 16 * 1024
_FAULT = f"{{{SOAP}}}Fault"
_HEADER = re.compile(rb"^([A-Za-z0-9-]+)[ \t]*:[ \t]*(.*?)[ \t]*$")


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A SOAP 1.2 Fault. `code` and `subcodes` are local names (`Sender`, …), outermost first.

    `reason` is the DMP's own text, to be shown with the original code (PRE_ERR); it may quote identifiers, so it is
    kept out of `repr`. `detail` is the text of the Detail element.
    """

    code: str
    subcodes: tuple[str, ...]
    reason: str = field(repr=False)
    detail: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class SoapAnswer:
    """A parsed answer. Exactly one of `payload` (first element of the Body) and `fault` is set.

    `parts` holds the MIME parts by Content-ID, the root excepted. `relates_to` is the MessageID answered, if told.
    """

    payload: etree._Element | None
    fault: SoapFault | None
    action: str | None
    relates_to: str | None
    parts: Mapping[str, bytes] = field(repr=False)

    def part_of(self, element: etree._Element) -> bytes:
        """The bytes that the `xop:Include` inside `element` stands for.

        Raises `MessageUnreadable` (`MTOM_PART`) when there is no Include or no such part.
        """
        inclusion = element.find(f"{{{XOP}}}Include")
        href = inclusion.get("href", "") if inclusion is not None else ""
        if not href.startswith("cid:"):
            raise MessageUnreadable("MTOM_PART", "xop:Include", "the element holds no inclusion; ask the sender")
        try:
            return self.parts[unquote(href[4:])]
        except KeyError:
            raise MessageUnreadable("MTOM_PART", "xop:Include", "the part isn't in the message") from None


def parse_answer(content_type: str, body: bytes, *, limit: int = DEFAULT_LIMIT) -> SoapAnswer:
    """The answer in `body`, whose HTTP header was `content_type`.

    Raises `MessageUnreadable`: those of `parse_xml`, plus `MIME_…` for a broken multipart and `SOAP_…` for a broken
    envelope (an HTML error page, SOAP 1.1, an empty Body).
    """
    if len(body) > limit:
        raise MessageUnreadable("XML_TOO_LARGE", "answer", f"raise the limit ({limit} bytes) or refuse the sender")
    header = _content_type(content_type)
    if header.get_content_type() != "multipart/related":
        return _read_envelope(body, {}, limit)
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise MessageUnreadable("MIME_BOUNDARY", "Content-Type", "multipart without a boundary; ask the sender")
    parts = _split(body, boundary.encode("latin-1", "replace"))
    start = header.get_param("start")
    root_id = start.strip("<>") if isinstance(start, str) else next(iter(parts))
    if root_id not in parts:
        raise MessageUnreadable("MIME_START", "Content-Type", "the root part isn't in the message; ask the sender")
    root = parts.pop(root_id)
    return _read_envelope(root, parts, limit)


def _content_type(value: str) -> Message:
    if "\r" in value or "\n" in value or len(value) > _HEADER_LIMIT:
        raise MessageUnreadable("MIME_HEADER", "Content-Type", "broken header; ask the sender")
    header = Message()
    header["Content-Type"] = value
    return header


def _split(body: bytes, boundary: bytes) -> dict[str, bytes]:
    """The parts of a multipart body by Content-ID, in order of appearance."""
    delimiter = b"--" + boundary
    # the first delimiter may open the body: a line break in front makes it like the others
    chunks = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(chunks) < 3 or not chunks[-1].startswith(b"--"):
        raise MessageUnreadable("MIME_PARTS", "multipart", "truncated or empty multipart; treat the outcome as unknown")
    if len(chunks) - 2 > MAX_PARTS:
        raise MessageUnreadable("MIME_PARTS", "multipart", f"more than {MAX_PARTS} parts; refuse the sender")
    parts: dict[str, bytes] = {}
    for number, chunk in enumerate(chunks[1:-1]):
        content_id, content = _read_part(chunk, number)
        if content_id in parts:
            raise MessageUnreadable("MIME_PARTS", "Content-ID", "two parts share a Content-ID; ask the sender")
        parts[content_id] = content
    return parts


def _read_part(chunk: bytes, number: int) -> tuple[str, bytes]:
    # what follows a delimiter starts with a line break, so that a part without any header is read too
    head, separator, content = chunk.lstrip(b" \t").partition(b"\r\n\r\n")
    if not separator or len(head) > _HEADER_LIMIT or (head and not head.startswith(b"\r\n")):
        raise MessageUnreadable("MIME_PARTS", f"part {number}", "part without its header; ask the sender")
    headers: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        if match := _HEADER.match(line):
            headers[match.group(1).lower()] = match.group(2)
    encoding = headers.get(b"content-transfer-encoding", b"binary").lower()
    if encoding not in (b"binary", b"8bit", b"7bit"):
        raise MessageUnreadable("MIME_ENCODING", f"part {number}", "only binary parts are read (XOP)")
    content_id = headers.get(b"content-id", f"part-{number}".encode()).strip(b"<>").decode("latin-1")
    return content_id, content


def _read_envelope(xml: bytes, parts: Mapping[str, bytes], limit: int) -> SoapAnswer:
    envelope = parse_xml(xml, where="SOAP answer", limit=limit).getroot()
    if envelope.tag != f"{{{SOAP}}}Envelope":
        raise MessageUnreadable("SOAP_ENVELOPE", "answer", "not a SOAP 1.2 envelope; look at the HTTP status")
    body = envelope.find(f"{{{SOAP}}}Body")
    payload = next((child for child in body if isinstance(child.tag, str)), None) if body is not None else None
    if payload is None:
        raise MessageUnreadable("SOAP_BODY", "answer", "the Body is empty; treat the outcome as unknown")
    header = envelope.find(f"{{{SOAP}}}Header")
    fault = _read_fault(payload) if payload.tag == _FAULT else None
    return SoapAnswer(
        payload=None if fault else payload,
        fault=fault,
        action=_header_text(header, "Action"),
        relates_to=_header_text(header, "RelatesTo"),
        parts=parts,
    )


def _header_text(header: etree._Element | None, name: str) -> str | None:
    found = header.findtext(f"{{{WSA}}}{name}") if header is not None else None
    return str(found).strip() if found else None


def _read_fault(element: etree._Element) -> SoapFault:
    codes: list[str] = []
    level = element.find(f"{{{SOAP}}}Code")
    while level is not None and len(codes) < 10:
        codes.append(str(level.findtext(f"{{{SOAP}}}Value") or "").strip().rpartition(":")[2])
        level = level.find(f"{{{SOAP}}}Subcode")
    detail = element.find(f"{{{SOAP}}}Detail")
    return SoapFault(
        code=codes[0] if codes else "",
        subcodes=tuple(codes[1:]),
        reason=_reason(element),
        detail=" ".join("".join(map(str, detail.itertext())).split()) if detail is not None else "",
    )


def _reason(fault: etree._Element) -> str:
    """The French text when there is one, else the first."""
    texts = fault.findall(f"{{{SOAP}}}Reason/{{{SOAP}}}Text")
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    french = [text for text in texts if (text.get(language) or "").lower().startswith("fr")]
    chosen = (french or texts)[:1]
    return " ".join((chosen[0].text or "").split()) if chosen else ""
