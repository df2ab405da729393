"""The SOAP 1.2 envelope: WS-Addressing and the assertion, composed as bytes so that nothing signed is rewritten."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

from hub_interop.soap.errors import MessageUnwritable
from hub_interop.soap.escaping import attribute, text

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ANONYMOUS = f"{WSA}/anonymous"

_URN_UUID = re.compile(r"\Aurn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """Where a request goes and what it asks: Action, To (= the called URL) and MessageID (`urn:uuid:`)."""

    action: str
    to: str
    message_id: str

    def __post_init__(self) -> None:
        if not self.action or '"' in self.action or any(character in self.action for character in " \r\n"):
            raise MessageUnwritable("SOAP_ACTION", "wsa:Action", "give the action as one URI")
        if not self.to.startswith(("https://", "http://")):
            raise MessageUnwritable("SOAP_TO", "wsa:To", "give the called URL")
        if not _URN_UUID.match(self.message_id):
            raise MessageUnwritable("SOAP_MESSAGE_ID", "wsa:MessageID", "give urn:uuid: followed by a lower-case UUID")


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """What to POST: the exact `Content-Type` header and the exact body bytes."""

    content_type: str
    body: bytes = field(repr=False)


def message_id(identifier: uuid.UUID) -> str:
    """`identifier` as a WS-Addressing MessageID."""
    return f"urn:uuid:{identifier}"


def build_envelope(addressing: Addressing, payload: bytes, assertion: bytes | None = None) -> bytes:
    """The envelope around `payload` (one serialised XML element, UTF-8, without XML declaration).

    `assertion`, when given, stands in `wsse:Security` byte for byte as it was signed.
    """
    for where, part in (("soap:Body", payload), ("wsse:Security", assertion or b"")):
        if part.startswith(b"<?xml"):
            raise MessageUnwritable("SOAP_DECLARATION", where, "give the element without its XML declaration")
    head = (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>'
        f'<wsa:Action xmlns:wsa="{WSA}">{text(addressing.action)}</wsa:Action>'
        f'<wsa:MessageID xmlns:wsa="{WSA}">{addressing.message_id}</wsa:MessageID>'
        f'<wsa:To xmlns:wsa="{WSA}">{text(addressing.to)}</wsa:To>'
        f'<wsa:ReplyTo xmlns:wsa="{WSA}"><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>'
    ).encode()
    security = b""
    if assertion is not None:
        security = b'<wsse:Security xmlns:wsse="' + WSSE.encode() + b'">' + assertion + b"</wsse:Security>"
    return b"".join((head, security, b"</soap:Header><soap:Body>", payload, b"</soap:Body></soap:Envelope>"))


def build_request(addressing: Addressing, payload: bytes, assertion: bytes | None = None) -> SoapRequest:
    """A plain (not multipart) request, for the services without documents: `/patients`, `/registry`."""
    return SoapRequest(
        content_type=f'application/soap+xml; charset=UTF-8; action="{attribute(addressing.action)}"',
        body=build_envelope(addressing, payload, assertion),
    )
