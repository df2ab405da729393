"""Hand-written DMP messages for the simulator's tests, really signed; each part can be altered before or after.

`Mutation` values: `vihf`, `td02`, `metadata`, `cda`, `signature`, `query` and `envelope` are functions applied to the
text before it is signed or digested; `vihf_after` and `signature_after` after.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from simulator_parts import (
    BASE,
    INS,
    LPS_OID,
    NOW,
    OID_INS,
    PROFESSIONAL,
    STRUCTURE,
    Document,
    Mutation,
    association,
    cda,
    entry,
    oid,
    signature_entry,
    submission_set,
)

from hub_simulators.dmp.engine import DmpEngine, Outcome
from hub_simulators.pki import StructureCertificates

_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_WITH_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
_EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"


@dataclass(frozen=True)
class Wire:
    """An HTTP request."""

    path: str
    content_type: str
    body: bytes


def _attribute(name: str, *values: str) -> str:
    content = "".join(f"<saml2:AttributeValue>{value}</saml2:AttributeValue>" for value in values)
    return f'<saml2:Attribute Name="{name}">{content}</saml2:Attribute>'


def _ce(tag: str, code: str, scheme: str, label: str) -> str:
    return (
        f'<{tag} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CE" '
        f'code="{code}" codeSystem="{scheme}" displayName="{label}"/>'
    )


@dataclass
class Sender:
    """A pharmacy that talks to the DMP."""

    certificates: StructureCertificates
    structure: str = STRUCTURE
    professional: str = PROFESSIONAL
    now: datetime = NOW

    def __post_init__(self) -> None:
        pem = self.certificates.sign.certificate.read_bytes()
        self.certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(self.certificates.sign.key.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        self._b64 = base64.b64encode(der).decode()
        self._der = der

    def _sign(self, data: bytes) -> str:
        return base64.b64encode(self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()

    def unsigned_vihf(self, ins: str = INS) -> str:
        """Return the assertion before its signature."""
        stamp = f"{self.now:%Y-%m-%dT%H:%M:%S}.000Z"
        identifier = f"_{uuid.uuid4()}"
        attributes = "".join(
            (
                _attribute("VIHF_Version", "4.0"),
                _attribute("Authentification_Mode", "INDIRECTE"),
                _attribute("Identifiant_Structure", self.structure),
                _attribute("Secteur_Activite", "SA33^1.2.250.1.71.4.2.4"),
                _attribute("urn:oasis:names:tc:xspa:1.0:subject:subject-id", "TESTOFFICINE Camille Officine"),
                _attribute(
                    "urn:oasis:names:tc:xacml:2.0:subject:role",
                    _ce("Role", "21", "1.2.250.1.71.1.2.7", "Pharmacien"),
                    _ce("Role", "A", "1.2.250.1.71.4.2.6", "Pharmacien titulaire d'officine"),
                ),
                _attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id", f"{ins}^^^&amp;{OID_INS}&amp;ISO^NH"),
                _attribute("Ressource_URN", "urn:dmp"),
                _attribute(
                    "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
                    _ce("PurposeOfUse", "normal", "1.2.250.1.213.1.1.4.248", "Accès normal"),
                ),
                _attribute("LPS_ID", LPS_OID),
                _attribute("LPS_Nom", "HUB TEST"),
                _attribute("LPS_Version", "1.0"),
                _attribute("LPS_ID_HOMOLOGATION_DMP", "DCP-000000-test"),
            )
        )
        return (
            f'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="{identifier}" '
            f'IssueInstant="{stamp}" Version="2.0">'
            '<saml2:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">'
            f"{self.certificate.subject.rfc4514_string()}</saml2:Issuer>"
            f"<saml2:Subject><saml2:NameID>{self.professional}</saml2:NameID></saml2:Subject>"
            f'<saml2:AuthnStatement AuthnInstant="{stamp}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
            f"<saml2:AttributeStatement>{attributes}</saml2:AttributeStatement></saml2:Assertion>"
        )

    def vihf(self, mutation: Mutation, ins: str = INS) -> str:
        """Return the signed assertion."""
        text = mutation.vihf(self.unsigned_vihf(ins))
        root = etree.fromstring(text.encode())
        digest = hashlib.sha256(etree.tostring(root, method="c14n", exclusive=True)).digest()
        info = (
            f'<ds:SignedInfo xmlns:ds="{_DS}">'
            f'<ds:CanonicalizationMethod Algorithm="{_EXC}"></ds:CanonicalizationMethod>'
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
            f'<ds:Reference URI="#{root.get("ID")}"><ds:Transforms>'
            f'<ds:Transform Algorithm="{_DS}enveloped-signature"></ds:Transform>'
            f'<ds:Transform Algorithm="{_EXC}"></ds:Transform></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
            f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        )
        signature = (
            f'<ds:Signature xmlns:ds="{_DS}">{info.replace(f" xmlns:ds={chr(34)}{_DS}{chr(34)}", "")}'
            f"<ds:SignatureValue>{self._sign(info.encode())}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
            f"<ds:X509Certificate>{self._b64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
        )
        return mutation.vihf_after(text.replace("</saml2:Issuer>", "</saml2:Issuer>" + signature, 1))

    def envelope(self, service: str, action: str, body: str, mutation: Mutation, ins: str = INS) -> str:
        """Return a SOAP envelope with its VIHF."""
        wsa = "http://www.w3.org/2005/08/addressing"
        text = (
            '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header>'
            f'<Action xmlns="{wsa}">{action}</Action><MessageID xmlns="{wsa}">urn:uuid:{uuid.uuid4()}</MessageID>'
            f'<To xmlns="{wsa}">https://localhost:8443{BASE}/{service}</To>'
            '<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/'
            'oasis-200401-wss-wssecurity-secext-1.0.xsd">@VIHF@</wsse:Security></soap:Header>'
            f"<soap:Body>{body}</soap:Body></soap:Envelope>"
        )
        return mutation.envelope(text.replace("@VIHF@", self.vihf(mutation, ins)))

    def _soap(self, service: str, action: str, body: str, mutation: Mutation, ins: str) -> Wire:
        text = self.envelope(service, action, body, mutation, ins)
        content_type = mutation.content_type(f'application/soap+xml; charset=UTF-8; action="{action}"')
        return Wire(f"{BASE}/{service}", content_type, text.encode())

    def td02(self, mutation: Mutation | None = None, ins: str = INS) -> Wire:
        """Return a TD0.2."""
        mutation = mutation or Mutation()
        body = (
            '<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">'
            f'<id root="{LPS_OID}.10" extension="{uuid.uuid4()}"/><creationTime value="{self.now:%Y%m%d%H%M%S}"/>'
            '<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201307UV02"/><processingCode code="D"/>'
            '<processingModeCode code="T"/><acceptAckCode code="AL"/><receiver typeCode="RCV">'
            '<device classCode="DEV" determinerCode="INSTANCE"><id root="1.2.250.1.213.4.1.1.1"/>'
            '<softwareName>DMP</softwareName></device></receiver><sender typeCode="SND">'
            f'<device classCode="DEV" determinerCode="INSTANCE"><id root="{LPS_OID}"/>'
            "<softwareName>HUB TEST</softwareName></device></sender>"
            '<controlActProcess classCode="CACT" moodCode="EVN">'
            '<reasonCode code="TEST_EXST" codeSystem="1.2.250.1.213.1.1.4.11" displayName="Test d\'existence"/>'
            f'<queryByParameter><queryId root="{LPS_OID}.11" extension="{uuid.uuid4()}"/><statusCode code="new"/>'
            f'<parameterList><patientIdentifier><value root="{OID_INS}" extension="{ins}"/>'
            "<semanticsText>Patient.id</semanticsText></patientIdentifier></parameterList></queryByParameter>"
            "</controlActProcess></PRPA_IN201307UV02>"
        )
        return self._soap("patients", "urn:hl7-org:v3:PRPA_IN201307UV02", mutation.td02(body), mutation, ins)

    def td31(self, unique_id: str, mutation: Mutation | None = None, ins: str = INS) -> Wire:
        """Return a TD3.1b on a uniqueId."""
        mutation = mutation or Mutation()
        body = (
            '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
            'xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
            '<query:ResponseOption returnComposedObjects="true" returnType="ObjectRef"/>'
            '<AdhocQuery id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"><Slot name="$XDSDocumentEntryUniqueId">'
            f"<ValueList><Value>('{unique_id}')</Value></ValueList></Slot></AdhocQuery></query:AdhocQueryRequest>"
        )
        action = "urn:ihe:iti:2007:RegistryStoredQuery"
        return self._soap("registry", action, mutation.query(body), mutation, ins)

    def lot_signature(self, set_id: str, signature_id: str, documents: dict[str, bytes], mutation: Mutation) -> bytes:
        """Return the XAdES of the submission set, signed in its final tree."""
        references = "".join(
            f'<Reference URI="urn:oid:{unique_id}"><Transforms><Transform Algorithm="{_WITH_COMMENTS}"/></Transforms>'
            f'<DigestMethod Algorithm="{_SHA256}"/><DigestValue>{_canonical_digest(data)}</DigestValue></Reference>'
            for unique_id, data in documents.items()
        )
        manifest = (
            f'<Manifest Id="IHEManifest"><Reference URI="urn:oid:{set_id}"><DigestMethod Algorithm="{_SHA256}"/>'
            f"<DigestValue>AA==</DigestValue></Reference>{references}</Manifest>"
        )
        certificate = base64.b64encode(hashlib.sha256(self._der).digest()).decode()
        properties = (
            '<SignedProperties Id="S0-SignedProperties"><SignedSignatureProperties>'
            f"<SigningTime>{self.now:%Y-%m-%dT%H:%M:%S}.000Z</SigningTime><SigningCertificate><Cert><CertDigest>"
            f'<DigestMethod xmlns="{_DS}" Algorithm="{_SHA256}"/><DigestValue xmlns="{_DS}">{certificate}</DigestValue>'
            f'</CertDigest><IssuerSerial><X509IssuerName xmlns="{_DS}">{self.certificate.issuer.rfc4514_string()}'
            f'</X509IssuerName><X509SerialNumber xmlns="{_DS}">{self.certificate.serial_number}</X509SerialNumber>'
            "</IssuerSerial></Cert></SigningCertificate><SignaturePolicyIdentifier><SignaturePolicyImplied/>"
            "</SignaturePolicyIdentifier></SignedSignatureProperties><SignedDataObjectProperties/></SignedProperties>"
        )
        text = mutation.signature(
            f'<Signature xmlns="{_DS}" Id="{signature_id}"><SignedInfo>'
            f'<CanonicalizationMethod Algorithm="{_WITH_COMMENTS}"/>'
            '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
            f'<Reference URI="#IHEManifest" Type="{_DS}Manifest"><DigestMethod Algorithm="{_SHA256}"/>'
            "<DigestValue>@MANIFEST@</DigestValue></Reference>"
            '<Reference URI="#S0-SignedProperties" Type="http://uri.etsi.org/01903/v1.1.1#SignedProperties">'
            f'<DigestMethod Algorithm="{_SHA256}"/><DigestValue>@PROPERTIES@</DigestValue></Reference></SignedInfo>'
            f"<SignatureValue>@VALUE@</SignatureValue><KeyInfo><X509Data><X509Certificate>{self._b64}"
            f"</X509Certificate></X509Data></KeyInfo><Object>{manifest}</Object><Object><SignatureProperties>"
            f'<SignatureProperty Id="purposeOfSignature" Target="#{signature_id}">1.2.840.10065.1.12.1.14'
            "</SignatureProperty></SignatureProperties></Object><Object>"
            f'<QualifyingProperties xmlns="http://uri.etsi.org/01903/v1.1.1#" Target="#{signature_id}">{properties}'
            "</QualifyingProperties></Object></Signature>"
        )
        root = etree.fromstring(text.encode())
        for name, mark in (("Manifest", "@MANIFEST@"), ("SignedProperties", "@PROPERTIES@")):
            part = root.find(f".//{{*}}{name}")
            assert part is not None
            text = text.replace(mark, _b64_sha256(_written_canonical(part)))
        info = etree.fromstring(text.encode()).find(f"{{{_DS}}}SignedInfo")
        assert info is not None
        text = text.replace("@VALUE@", self._sign(_written_canonical(info)))
        return mutation.signature_after(text).encode()

    def td21(self, document: Document | None = None, mutation: Mutation | None = None, ins: str = INS) -> Wire:
        """Return a TD2.1 of one document, a note de vaccination unless told."""
        return self.td21_lot([document or Document()], mutation, ins)

    def td21_lot(self, documents: list[Document], mutation: Mutation | None = None, ins: str = INS) -> Wire:
        """Return a TD2.1 of several documents."""
        mutation = mutation or Mutation()
        contents = [mutation.cda(cda(document, self, ins)).encode() for document in documents]
        set_id, signature_id = oid(), oid()
        by_id = {document.unique_id: data for document, data in zip(documents, contents, strict=True)}
        signature = self.lot_signature(set_id, signature_id, by_id, mutation)
        entries = "".join(
            entry(f"DOC{n}", d, c, self, ins) for n, (d, c) in enumerate(zip(documents, contents, strict=True))
        )
        text = submission_set(set_id, self, ins) + entries
        text += signature_entry(signature_id, signature, self, ins, documents[0].kind)
        text += "".join(association("HasMember", "SS", f"DOC{n}") for n in range(len(documents)))
        text += association("HasMember", "SS", "SIG") + association("signs", "SIG", "SS")
        ids = {name: f"urn:uuid:{uuid.uuid4()}" for name in ("SS", "SIG", *(f"DOC{n}" for n in range(len(documents))))}
        includes = "".join(
            f'<xds:Document id="@{name}@"><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" '
            f'href="cid:{name.lower()}%40hub"/></xds:Document>'
            for name in ids
            if name != "SS"
        )
        body = (
            '<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="urn:ihe:iti:xds-b:2007" '
            'xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" '
            'xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
            f"<lcm:SubmitObjectsRequest><RegistryObjectList>{text}</RegistryObjectList></lcm:SubmitObjectsRequest>"
            f"{includes}</xds:ProvideAndRegisterDocumentSetRequest>"
        )
        body = mutation.metadata(body)
        for name, identifier in ids.items():
            body = body.replace(f"@{name}@", identifier)
        action = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
        envelope = self.envelope("repository", action, body, mutation, ins).encode()
        parts = {f"doc{n}@hub": content for n, content in enumerate(contents)} | {"sig@hub": signature}
        return Wire(f"{BASE}/repository", *_mtom(envelope, parts, action, mutation))


def _mtom(envelope: bytes, parts: dict[str, bytes], action: str, mutation: Mutation) -> tuple[str, bytes]:
    boundary = f"uuid:{uuid.uuid4()}"
    kind = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="<root@hub>"; '
        f'start-info="application/soap+xml"; action="{action}"'
    )
    head = (
        f"--{boundary}\r\nContent-Type: application/xop+xml; charset=UTF-8; "
        f'type="application/soap+xml; action=\\"{action}\\""\r\n'
        "Content-Transfer-Encoding: binary\r\nContent-ID: <root@hub>\r\n\r\n"
    )
    body = head.encode() + envelope
    for content_id, data in parts.items():
        body += (
            f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{content_id}>\r\n\r\n"
        ).encode()
        body += data
    return mutation.content_type(kind), mutation.mime(body + f"\r\n--{boundary}--\r\n".encode())


def _b64_sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _canonical_digest(data: bytes) -> str:
    try:
        tree = etree.fromstring(data).getroottree()
    except etree.XMLSyntaxError:
        return _b64_sha256(data)  # a mutant that isn't XML
    return _b64_sha256(etree.tostring(tree, method="c14n", with_comments=True))


def _written_canonical(element: etree._Element) -> bytes:
    """Canonical form of a subtree written without lxml's C14N: a second opinion for plain elements."""

    def write(node: etree._Element, scope: dict[str | None, str]) -> str:
        declared = {prefix: uri for prefix, uri in node.nsmap.items() if scope.get(prefix) != uri}
        names = "".join(
            f' xmlns{":" + p if p else ""}="{u}"' for p, u in sorted(declared.items(), key=lambda i: i[0] or "")
        )
        attributes = "".join(f' {k}="{_escape(v)}"' for k, v in sorted(node.attrib.items()))
        tag = f"{node.prefix}:{etree.QName(node).localname}" if node.prefix else etree.QName(node).localname
        inner = _text(node.text) + "".join(write(c, {**scope, **node.nsmap}) + _text(c.tail) for c in node)
        return f"<{tag}{names}{attributes}>{inner}</{tag}>"

    return write(element, {}).encode()


def _escape(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _text(value: str | None) -> str:
    return (value or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class FixedClock:
    """A clock that stands still."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


def run(engine: DmpEngine, wire: Wire, tls_structure: str = STRUCTURE) -> Outcome:
    """Give a request to an engine and return what came of it, stored if it had to be."""
    incoming = engine.read("POST", wire.path, wire.content_type, wire.body)
    return engine.commit(engine.handle(incoming, tls_structure), incoming)


def later(sender: Sender, **shift: int) -> Sender:
    """Return the same sender at another time."""
    return replace(sender, now=sender.now + timedelta(**shift))


def rules_dir() -> Path | None:
    """Return the ANS rules, None when they are absent."""
    import os

    found = Path(os.environ.get("HUB_RULES_DIR") or Path(__file__).parents[3] / ".." / "shared" / "ans")
    return found if (found / "xsd" / "CDA_extended.xsd").exists() else None
