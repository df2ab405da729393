"""SOAP 1.2 envelopes: what comes in (WS-Addressing included) and the three shapes of answers."""

from __future__ import annotations

import re
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lxml import etree

from hub_simulators.dmp import names
from hub_simulators.dmp.formats import UUID_URN
from hub_simulators.dmp.names import BODY_ROOT, SAML, SERVICE_OF, SOAP, WSA, WSSE, Operation, q
from hub_simulators.dmp.refusals import RegistryError, SoapFault
from hub_simulators.dmp.settings import SERVICES_PATH
from hub_simulators.dmp.xmltools import XmlProblem, elements, escape, parse, text

_KNOWN_WSA = {q(WSA, name) for name in ("Action", "To", "MessageID", "ReplyTo", "From", "FaultTo")}


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of a request that the checks read."""

    operation: Operation
    message_id: str
    assertion: etree._Element
    body: etree._Element


class ReplayMemory:
    """Remembers identifiers for a while; a second sight of one is a replay."""

    def __init__(self, keep: timedelta, limit: int = 50_000) -> None:
        self._keep = keep
        self._limit = limit
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    def first_sight(self, identifier: str, now: datetime) -> bool:
        """Record the identifier; False when it was already seen less than `keep` ago."""
        while self._seen:
            oldest, moment = next(iter(self._seen.items()))
            if len(self._seen) <= self._limit and now - moment <= self._keep:
                break
            del self._seen[oldest]
        if identifier in self._seen:
            return False
        self._seen[identifier] = now
        return True


def read_envelope(data: bytes) -> etree._Element:
    """Return the envelope's root. Raises SoapFault when it is not a SOAP 1.2 envelope."""
    try:
        root = parse(data)
    except XmlProblem as problem:
        raise SoapFault("soap.xml", f"Message SOAP illisible : {problem}") from None
    if root.tag != q(SOAP, "Envelope"):
        raise SoapFault("soap.version", "Enveloppe SOAP 1.2 attendue")
    return root


def check_envelope(root: etree._Element, path: str, http_action: str) -> Envelope:
    """Check the envelope's shape and its WS-Addressing headers (§1.5). Raises SoapFault."""
    children = list(elements(root))
    if [child.tag for child in children] != [q(SOAP, "Header"), q(SOAP, "Body")]:
        raise SoapFault("soap.structure", "soap:Header puis soap:Body attendus")
    header, body = children
    action = _single(header, "Action")
    operation = names.ACTIONS.get(action)
    if operation is None:
        raise SoapFault("wsa.action", "Action WS-Addressing inconnue")
    if http_action != action:
        raise SoapFault("wsa.action", "L'action HTTP diffère de wsa:Action")
    _check_addressing(header, path, operation)
    contents = list(elements(body))
    if len(contents) != 1 or contents[0].tag != BODY_ROOT[operation]:
        raise SoapFault("soap.body", "Le corps SOAP ne correspond pas à wsa:Action")
    return Envelope(operation, _single(header, "MessageID"), _assertion(header), contents[0])


def _single(header: etree._Element, name: str) -> str:
    found = header.findall(q(WSA, name))
    if len(found) != 1 or not text(found[0]):
        raise SoapFault(f"wsa.{name.lower()}", f"En-tête wsa:{name} absent, vide ou répété")
    return text(found[0])


def _check_addressing(header: etree._Element, path: str, operation: Operation) -> None:
    if path != f"{SERVICES_PATH}/{SERVICE_OF[operation]}":
        raise SoapFault("wsa.service", "Cette transaction n'est pas portée par ce service")
    target = urlsplit(_single(header, "To"))
    if target.scheme != "https" or not target.netloc or target.path != path:
        raise SoapFault("wsa.to", "wsa:To diffère de l'adresse appelée")
    if not UUID_URN.fullmatch(_single(header, "MessageID")):
        raise SoapFault("wsa.messageid", "wsa:MessageID : urn:uuid attendu")
    for child in elements(header):
        if str(child.tag).startswith(f"{{{WSA}}}") and child.tag not in _KNOWN_WSA:
            raise SoapFault("wsa.unknown", "En-tête WS-Addressing inattendu")


def _assertion(header: etree._Element) -> etree._Element:
    security = header.findall(q(WSSE, "Security"))
    if len(security) != 1:
        raise SoapFault("wsse.security", "Un seul en-tête wsse:Security attendu")
    contents = list(elements(security[0]))
    if len(contents) != 1 or contents[0].tag != q(SAML, "Assertion"):
        raise SoapFault("wsse.assertion", "wsse:Security doit contenir le VIHF et lui seul")
    return contents[0]


_MESSAGE_ID = re.compile(rb"<(?:[\w.-]+:)?MessageID[^>]*>\s*([^<\s]+)\s*<")


def quick_message_id(data: bytes) -> str:
    """Return the MessageID of a request that may be unreadable, '' when none is found (for RelatesTo)."""
    match = _MESSAGE_ID.search(data, 0, 8192)
    return match[1].decode("utf-8", "replace") if match else ""


def reply(action: str, relates_to: str, body: str) -> bytes:
    """Return an answer's envelope; `body` is the serialised content of soap:Body."""
    relates = f"<wsa:RelatesTo>{escape(relates_to)}</wsa:RelatesTo>" if relates_to else ""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header><wsa:Action>{action}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>{relates}</soap:Header>"
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def fault(relates_to: str, message: str) -> bytes:
    """Return a SOAP 1.2 Fault (sent with HTTP 500)."""
    body = (
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason>"
        f'<soap:Text xml:lang="fr">{escape(message)}</soap:Text></soap:Reason></soap:Fault>'
    )
    return reply("http://www.w3.org/2005/08/addressing/soap/fault", relates_to, body)


def registry_response(status: str, errors: list[RegistryError]) -> str:
    """Return rs:RegistryResponse with a status (`Success`, `Failure`) and its errors."""
    if not errors:
        return f'<rs:RegistryResponse xmlns:rs="{names.RS}" status="{names.STATUS}{status}"/>'
    return (
        f'<rs:RegistryResponse xmlns:rs="{names.RS}" status="{names.STATUS}{status}">{error_list(errors)}'
        "</rs:RegistryResponse>"
    )


def error_list(errors: list[RegistryError]) -> str:
    """Return rs:RegistryErrorList."""
    severity = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
    items = "".join(
        f'<rs:RegistryError errorCode="{escape(error.code)}" codeContext="{escape(error.context)}" '
        f'location="{escape(error.location)}" severity="{severity}"/>'
        for error in errors
    )
    return f'<rs:RegistryErrorList xmlns:rs="{names.RS}" highestSeverity="{severity}">{items}</rs:RegistryErrorList>'
