"""MTOM/XOP: the multipart form of a request that carries documents (compulsory for TD2.1, EX_2.1-1260)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from hub_interop.soap.envelope import Addressing, SoapRequest, build_envelope
from hub_interop.soap.errors import MessageUnwritable

XOP = "http://www.w3.org/2004/08/xop/include"
ROOT_CONTENT_ID = "root@hub"

_CONTENT_ID = re.compile(r"\A[A-Za-z0-9._:+-]+@[A-Za-z0-9._:-]+\Z")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One binary part: its Content-ID (without angle brackets) and its bytes, sent as they are."""

    content_id: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _CONTENT_ID.match(self.content_id):
            raise MessageUnwritable("MTOM_CONTENT_ID", "Content-ID", "use letters, digits and . _ : + - around one @")


def include(content_id: str) -> str:
    """The `xop:Include` element that stands for the part `content_id` (its href is URL-encoded, the header isn't)."""
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{quote(content_id, safe="@")}"/>'


def build_multipart(
    addressing: Addressing, payload: bytes, attachments: Sequence[Attachment], assertion: bytes | None = None
) -> SoapRequest:
    """The multipart/related request: root part `application/xop+xml`, then one binary part per attachment.

    Raises `MessageUnwritable` (`MTOM_CONTENT_ID`) when two parts share a Content-ID.
    """
    content_ids = [ROOT_CONTENT_ID, *(attachment.content_id for attachment in attachments)]
    if len(set(content_ids)) != len(content_ids):
        raise MessageUnwritable("MTOM_CONTENT_ID", "Content-ID", "give each part its own Content-ID")
    envelope = build_envelope(addressing, payload, assertion)
    boundary = _boundary(addressing.message_id, [envelope, *(attachment.content for attachment in attachments)])
    delimiter = f"--{boundary}\r\n".encode()
    root_header = (
        'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml; '
        f'action=\\"{addressing.action}\\""\r\n'
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{ROOT_CONTENT_ID}>\r\n\r\n"
    ).encode()
    pieces: list[bytes] = [delimiter, root_header, envelope]
    for attachment in attachments:
        header = (
            "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{attachment.content_id}>\r\n\r\n"
        )
        pieces += (b"\r\n", delimiter, header.encode(), attachment.content)
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    content_type = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="<{ROOT_CONTENT_ID}>"; '
        f'start-info="application/soap+xml"; action="{addressing.action}"'
    )
    return SoapRequest(content_type=content_type, body=b"".join(pieces))


def _boundary(message_id: str, contents: Sequence[bytes]) -> str:
    """A boundary made from the message id that occurs in none of the parts."""
    stem = "uuid:" + message_id.removeprefix("urn:uuid:")
    boundary, attempt = stem, 0
    while any(f"--{boundary}".encode() in content for content in contents):
        attempt += 1
        boundary = f"{stem}.{attempt}"
    return boundary
