"""The signature of a submission set: IHE DSG manifest in a XAdES 1.1.1 detached signature, as the DMP takes it.

The manifest names the submission set (constant digest `AA==`) and every document with the digest of its Canonical XML
*with comments*; the set itself is covered only through its documents. Everything stands in one namespace context, so
each signed fragment is canonicalised as a document of its own and embedded as it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hub_interop.dsig.certificate import certificate_facts
from hub_interop.dsig.errors import SigningRefused
from hub_interop.dsig.signer import DSIG, DigestSigner, PendingSignature, SignatureAlgorithm
from hub_interop.soap.escaping import attribute, text
from hub_interop.soap.safe_xml import canonical, parse_xml

XADES = "http://uri.etsi.org/01903/v1.1.1#"
C14N_WITH_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
MANIFEST_TYPE = f"{DSIG}Manifest"
SIGNED_PROPERTIES_TYPE = f"{XADES}SignedProperties"
PURPOSE_SOURCE = "1.2.840.10065.1.12.1.14"
SET_DIGEST = "AA=="
"""The constant that stands for the digest of the submission set (one zero byte)."""

_OID = re.compile(r"\A[0-2](\.(0|[1-9][0-9]*))+\Z")


class SignedDocument(NamedTuple):
    """A document of the set: its uniqueId (OID), the bytes sent, and false for a DICOM KOS (digest of the bytes)."""

    unique_id: str
    content: bytes
    xml: bool = True


def document_digest(document: SignedDocument, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
    """The digest of the document's Canonical XML 1.0 with comments, prolog and epilog included (bytes for a KOS).

    Raises `MessageUnreadable` when the document isn't well-formed XML.
    """
    if not document.xml:
        return algorithm.digest(document.content)
    tree = parse_xml(document.content, where="signed document")
    return algorithm.digest(canonical(tree, comments=True))


def prepare_submission_set_signature(
    submission_set_unique_id: str,
    signature_unique_id: str,
    documents: Sequence[SignedDocument],
    certificate_der: bytes,
    now: datetime,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256,
    chain: Sequence[bytes] = (),
) -> PendingSignature:
    """The signature document but for its value. `now` is aware; `chain` holds DER certificates to quote after ours.

    Raises `SigningRefused`: `SIGNATURE_OID` (an identifier isn't an OID), `SIGNATURE_DOCUMENTS` (none, or one twice),
    `SIGNATURE_TIME` (naive datetime), `CERTIFICATE_…` (unusable, out of its dates).
    """
    _check(submission_set_unique_id, signature_unique_id, documents, now)
    facts = certificate_facts(certificate_der)
    facts.require_valid(now)
    manifest = _canonical_fragment(_manifest(submission_set_unique_id, documents, algorithm))
    properties = _canonical_fragment(_signed_properties([certificate_der, *chain], now, algorithm))
    signed_info = _canonical_fragment(_signed_info(manifest, properties, algorithm))
    identifier = attribute(signature_unique_id)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<Signature xmlns="{DSIG}" Id="{identifier}">'.encode()
    tail = (
        f"</SignatureValue><KeyInfo><X509Data><X509Certificate>{facts.base64}</X509Certificate></X509Data></KeyInfo>"
        "<Object>".encode()
        + manifest
        + (
            f'</Object><Object><SignatureProperties><SignatureProperty Id="purposeOfSignature" Target="#{identifier}">'
            f"{PURPOSE_SOURCE}</SignatureProperty></SignatureProperties></Object>"
            f'<Object><QualifyingProperties xmlns="{XADES}" Target="#{identifier}">'
        ).encode()
        + properties
        + b"</QualifyingProperties></Object></Signature>"
    )
    return PendingSignature(
        digest=algorithm.digest(signed_info),
        algorithm=algorithm,
        head=head + signed_info + b"<SignatureValue>",
        tail=tail,
        signature_size=facts.signature_size,
    )


def sign_submission_set(
    submission_set_unique_id: str,
    signature_unique_id: str,
    documents: Sequence[SignedDocument],
    signer: DigestSigner,
    now: datetime,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256,
    chain: Sequence[bytes] = (),
) -> bytes:
    """The signature document (UTF-8 XML with its declaration). Raises as `prepare_submission_set_signature`."""
    return prepare_submission_set_signature(
        submission_set_unique_id, signature_unique_id, documents, signer.certificate_der, now, algorithm, chain
    ).signed_by(signer)


def _check(set_id: str, signature_id: str, documents: Sequence[SignedDocument], now: datetime) -> None:
    identifiers = [set_id, signature_id, *(document.unique_id for document in documents)]
    if not all(_OID.match(identifier) for identifier in identifiers):
        raise SigningRefused("SIGNATURE_OID", "uniqueId", "give plain OIDs (EX_2.1-1130)")
    if not documents or len(set(identifiers)) != len(identifiers):
        raise SigningRefused("SIGNATURE_DOCUMENTS", "documents", "give documents, each with its own uniqueId")
    if now.tzinfo is None:
        raise SigningRefused("SIGNATURE_TIME", "SigningTime", "give an aware datetime")


def _canonical_fragment(fragment: str) -> bytes:
    return canonical(parse_xml(fragment.encode(), where="signature"), comments=True)


def _digest_elements(algorithm: SignatureAlgorithm, value: str) -> str:
    return f'<DigestMethod Algorithm="{algorithm.digest_uri}"/><DigestValue>{value}</DigestValue>'


def _base64_digest(algorithm: SignatureAlgorithm, content: bytes) -> str:
    return base64.b64encode(algorithm.digest(content)).decode()


def _manifest(set_id: str, documents: Sequence[SignedDocument], algorithm: SignatureAlgorithm) -> str:
    transforms = f'<Transforms><Transform Algorithm="{C14N_WITH_COMMENTS}"/></Transforms>'
    references = [f'<Reference URI="urn:oid:{set_id}">{_digest_elements(algorithm, SET_DIGEST)}</Reference>']
    for document in documents:
        digest = base64.b64encode(document_digest(document, algorithm)).decode()
        references.append(
            f'<Reference URI="urn:oid:{document.unique_id}">{transforms if document.xml else ""}'
            f"{_digest_elements(algorithm, digest)}</Reference>"
        )
    return f'<Manifest xmlns="{DSIG}" Id="IHEManifest">{"".join(references)}</Manifest>'


def _signed_properties(certificates: Sequence[bytes], now: datetime, algorithm: SignatureAlgorithm) -> str:
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    quoted = "".join(_certificate_reference(der, algorithm) for der in certificates)
    return (
        f'<SignedProperties xmlns="{XADES}" Id="S0-SignedProperties"><SignedSignatureProperties>'
        f"<SigningTime>{time}</SigningTime><SigningCertificate>{quoted}</SigningCertificate>"
        "<SignaturePolicyIdentifier><SignaturePolicyImplied/></SignaturePolicyIdentifier>"
        "</SignedSignatureProperties><SignedDataObjectProperties/></SignedProperties>"
    )


def _certificate_reference(der: bytes, algorithm: SignatureAlgorithm) -> str:
    """One `Cert`, in the mixed namespaces of the signatures that the DMP takes today (XAdES 1.1.1 is loose here)."""
    facts = certificate_facts(der)
    return (
        f'<Cert><CertDigest><DigestMethod xmlns="{DSIG}" Algorithm="{algorithm.digest_uri}"/>'
        f"<DigestValue>{_base64_digest(algorithm, der)}</DigestValue></CertDigest>"
        f'<IssuerSerial><X509IssuerName xmlns="{DSIG}">{text(facts.issuer)}</X509IssuerName>'
        f'<X509SerialNumber xmlns="{DSIG}">{facts.serial_number}</X509SerialNumber></IssuerSerial></Cert>'
    )


def _signed_info(manifest: bytes, properties: bytes, algorithm: SignatureAlgorithm) -> str:
    references = "".join(
        f'<Reference URI="{uri}" Type="{kind}">'
        f"{_digest_elements(algorithm, _base64_digest(algorithm, content))}</Reference>"
        for uri, kind, content in (
            ("#IHEManifest", MANIFEST_TYPE, manifest),
            ("#S0-SignedProperties", SIGNED_PROPERTIES_TYPE, properties),
        )
    )
    return (
        f'<SignedInfo xmlns="{DSIG}"><CanonicalizationMethod Algorithm="{C14N_WITH_COMMENTS}"/>'
        f'<SignatureMethod Algorithm="{algorithm.uri}"/>{references}</SignedInfo>'
    )
