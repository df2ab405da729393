"""Checking a submission-set signature: the reading side, used by our tests and by evidence checks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from hub_interop.dsig.errors import SignatureInvalid
from hub_interop.dsig.signer import DSIG, SignatureAlgorithm
from hub_interop.dsig.submission_set import SET_DIGEST, XADES, SignedDocument, document_digest
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import canonical, parse_xml, reparsed

_HASHES: dict[SignatureAlgorithm, hashes.HashAlgorithm] = {
    SignatureAlgorithm.RSA_SHA256: hashes.SHA256(),
    SignatureAlgorithm.RSA_SHA1: hashes.SHA1(),  # noqa: S303 - older clients of the DMP sign with it
}


@dataclass(frozen=True, slots=True)
class VerifiedSubmissionSet:
    """What a valid signature says: the set and signature uniqueIds, the documents' ones, the time, the certificate."""

    submission_set_unique_id: str
    signature_unique_id: str
    document_unique_ids: tuple[str, ...]
    signing_time: datetime
    algorithm: SignatureAlgorithm
    certificate_der: bytes = field(repr=False)


def verify_submission_set(
    signature_xml: bytes, documents: Sequence[SignedDocument], certificate_der: bytes | None = None
) -> VerifiedSubmissionSet:
    """Checks value, references, manifest and quoted certificate of `signature_xml` against `documents`.

    The certificate is the one inside unless `certificate_der` is given, which must then be the same. Trust in it
    (chain, revocation, dates) is the caller's business. Raises `SignatureInvalid` (`SIGNATURE_…`).
    """
    try:
        root = parse_xml(signature_xml, where="signature document").getroot()
        if root.tag != f"{{{DSIG}}}Signature":
            raise _invalid("SIGNATURE_ROOT", "Signature")
        algorithm = _algorithm(root)
        certificate = _certificate(root, certificate_der)
        _check_value(root, algorithm, certificate)
        _check_references(root, algorithm)
        _check_quoted_certificate(root, algorithm, certificate)
        set_id, document_ids = _check_manifest(root, algorithm, documents)
        return VerifiedSubmissionSet(
            submission_set_unique_id=set_id,
            signature_unique_id=root.get("Id", ""),
            document_unique_ids=document_ids,
            signing_time=datetime.fromisoformat(_text(root, f".//{{{XADES}}}SigningTime")),
            algorithm=algorithm,
            certificate_der=certificate,
        )
    except (binascii.Error, ValueError, MessageUnreadable) as error:
        raise _invalid("SIGNATURE_FORMAT", "signature document") from error


def _invalid(code: str, where: str) -> SignatureInvalid:
    return SignatureInvalid(code, where, "don't use the documents; keep the message as evidence")


def _text(root: etree._Element, path: str) -> str:
    found = root.findtext(path)
    if not found:
        raise _invalid("SIGNATURE_INCOMPLETE", path.rpartition("}")[2])
    return str(found).strip()


def _one(root: etree._Element, path: str) -> etree._Element:
    found = root.findall(path)
    if len(found) != 1:
        raise _invalid("SIGNATURE_INCOMPLETE", path.rpartition("}")[2])
    return found[0]


def _algorithm(root: etree._Element) -> SignatureAlgorithm:
    uri = _one(root, f"{{{DSIG}}}SignedInfo/{{{DSIG}}}SignatureMethod").get("Algorithm")
    for algorithm in SignatureAlgorithm:
        if algorithm.uri == uri:
            return algorithm
    raise _invalid("SIGNATURE_ALGORITHM", "SignatureMethod")


def _certificate(root: etree._Element, expected: bytes | None) -> bytes:
    quoted = base64.b64decode(_text(root, f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate"))
    if expected is not None and quoted != expected:
        raise _invalid("SIGNATURE_CERTIFICATE", "X509Certificate")
    return quoted


def _check_value(root: etree._Element, algorithm: SignatureAlgorithm, certificate: bytes) -> None:
    signed_info = canonical(reparsed(_one(root, f"{{{DSIG}}}SignedInfo"), where="SignedInfo"), comments=True)
    value = base64.b64decode(_text(root, f"{{{DSIG}}}SignatureValue"))
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, RSAPublicKey):
        raise _invalid("SIGNATURE_CERTIFICATE", "X509Certificate")
    try:
        key.verify(value, signed_info, PKCS1v15(), _HASHES[algorithm])
    except InvalidSignature:
        raise _invalid("SIGNATURE_VALUE", "SignatureValue") from None


def _check_references(root: etree._Element, algorithm: SignatureAlgorithm) -> None:
    targets = {
        "#IHEManifest": _one(root, f"{{{DSIG}}}Object/{{{DSIG}}}Manifest"),
        "#S0-SignedProperties": _one(
            root, f"{{{DSIG}}}Object/{{{XADES}}}QualifyingProperties/{{{XADES}}}SignedProperties"
        ),
    }
    references = {
        reference.get("URI"): reference for reference in root.findall(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference")
    }
    if references.keys() != targets.keys():
        raise _invalid("SIGNATURE_INCOMPLETE", "Reference")
    for uri, target in targets.items():
        content = canonical(reparsed(target, where=uri), comments=True)
        if target.get("Id") != uri[1:] or _digest_value(references[uri]) != algorithm.digest(content):
            raise _invalid("SIGNATURE_DIGEST", uri)


def _digest_value(reference: etree._Element) -> bytes:
    return base64.b64decode(_text(reference, f"{{{DSIG}}}DigestValue"))


def _check_quoted_certificate(root: etree._Element, algorithm: SignatureAlgorithm, certificate: bytes) -> None:
    quoted = root.find(f".//{{{XADES}}}SigningCertificate/{{{XADES}}}Cert")
    if quoted is None:
        raise _invalid("SIGNATURE_INCOMPLETE", "SigningCertificate")
    digest = base64.b64decode(_text(quoted, f"{{{XADES}}}CertDigest/{{*}}DigestValue"))
    if digest != algorithm.digest(certificate):
        raise _invalid("SIGNATURE_CERTIFICATE", "SigningCertificate")


def _check_manifest(
    root: etree._Element, algorithm: SignatureAlgorithm, documents: Sequence[SignedDocument]
) -> tuple[str, tuple[str, ...]]:
    references = root.findall(f"{{{DSIG}}}Object/{{{DSIG}}}Manifest/{{{DSIG}}}Reference")
    identifiers = [reference.get("URI", "").removeprefix("urn:oid:") for reference in references]
    expected = {document.unique_id: document for document in documents}
    if len(identifiers) < 2 or len(set(identifiers)) != len(identifiers) or set(identifiers[1:]) != expected.keys():
        raise _invalid("SIGNATURE_DOCUMENTS", "Manifest")
    if _text(references[0], f"{{{DSIG}}}DigestValue") != SET_DIGEST:
        raise _invalid("SIGNATURE_DIGEST", "Manifest")
    for identifier, reference in zip(identifiers[1:], references[1:], strict=True):
        if _digest_value(reference) != document_digest(expected[identifier], algorithm):
            raise _invalid("SIGNATURE_DIGEST", "Manifest")
    return identifiers[0], tuple(identifiers[1:])
