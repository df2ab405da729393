"""Namespaces, actions and paths on the wire (protocol reference §1.3 to §1.5, §3.5 to §3.8)."""

from __future__ import annotations

from enum import StrEnum

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS = C14N + "#WithComments"
ENVELOPED = DS + "enveloped-signature"
SHA1 = DS + "sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA1 = DS + "rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
XADES = "http://uri.etsi.org/01903/v1.1.1#"
HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
XDS = "urn:ihe:iti:xds-b:2007"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XOP = "http://www.w3.org/2004/08/xop/include"

STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"


class Operation(StrEnum):
    """The three transactions that are simulated."""

    TD02 = "td0.2"
    TD21 = "td2.1"
    TD31B = "td3.1b"


ACTIONS = {
    "urn:hl7-org:v3:PRPA_IN201307UV02": Operation.TD02,
    "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b": Operation.TD21,
    "urn:ihe:iti:2007:RegistryStoredQuery": Operation.TD31B,
}
RESPONSE_ACTIONS = {
    Operation.TD02: "urn:hl7-org:v3:PRPA_IN201308UV02",
    Operation.TD21: "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    Operation.TD31B: "urn:ihe:iti:2007:RegistryStoredQueryResponse",
}
SERVICE_OF = {Operation.TD02: "patients", Operation.TD21: "repository", Operation.TD31B: "registry"}
BODY_ROOT = {
    Operation.TD02: f"{{{HL7}}}PRPA_IN201307UV02",
    Operation.TD21: f"{{{XDS}}}ProvideAndRegisterDocumentSetRequest",
    Operation.TD31B: f"{{{QUERY}}}AdhocQueryRequest",
}


def q(namespace: str, name: str) -> str:
    """Return lxml's `{namespace}name`."""
    return f"{{{namespace}}}{name}"
