"""The submission set's signature: DSG manifest and XAdES 1.1.1 (protocol reference §3.6)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from lxml import etree

from hub_simulators.dmp.dsig import SignatureProblem, b64, certificate_of, verify_rsa
from hub_simulators.dmp.formats import dn_parts
from hub_simulators.dmp.names import C14N, C14N_COMMENTS, DS, RSA_SHA1, RSA_SHA256, SHA1, SHA256, XADES, q
from hub_simulators.dmp.xmltools import XmlProblem, detached, inclusive, parse, text
from hub_simulators.pki import CertificateKind, CertificateRefused, Credential, TrustStore

_ODD_SHA256 = DS + "sha256"
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    SHA256: lambda data: hashlib.sha256(data).digest(),
    _ODD_SHA256: lambda data: hashlib.sha256(data).digest(),
    SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
}
_ALGORITHMS = {RSA_SHA256: "rsa-sha256", RSA_SHA1: "rsa-sha1"}
_MANIFEST_TYPE = DS + "Manifest"
_PROPERTIES_TYPE = XADES + "SignedProperties"
PURPOSE = "1.2.840.10065.1.12.1.14"


class LotSignatureChecker:
    """Verifies signatures of submission sets against the trusted authorities."""

    def __init__(self, trust: TrustStore, algorithms: tuple[str, ...]) -> None:
        self._trust = trust
        self._algorithms = algorithms

    def check(
        self, data: bytes, set_id: str, signature_id: str, documents: dict[str, etree._Element], now: datetime
    ) -> Credential:
        """Verify the signature document; return the signer.

        `set_id`, `signature_id`: uniqueIds of the lot and of the signature; `documents`: root of each document by
        uniqueId. Raises SignatureProblem naming the part that is wrong.
        """
        try:
            root = parse(data)
        except XmlProblem as problem:
            raise SignatureProblem(str(problem)) from None
        if root.tag != q(DS, "Signature") or root.get("Id") != signature_id:
            raise SignatureProblem("ds:Signature dont l'Id est l'uniqueId de la signature attendu")
        signer = self._signer(root, now)
        info = _one(root, "SignedInfo")
        method = _algorithm(info, "SignatureMethod")
        if _ALGORITHMS.get(method) not in self._algorithms:
            raise SignatureProblem("algorithme de signature non admis")
        manifest, properties = _signed_parts(root, info)
        canonical = _canonical(info, _algorithm(info, "CanonicalizationMethod"))
        verify_rsa(signer.public_key, method, b64(text(root.find(q(DS, "SignatureValue")))), canonical)
        _check_manifest(manifest, set_id, documents)
        _check_purpose(root, signature_id)
        _check_properties(properties, signature_id, signer)
        return signer

    def _signer(self, root: etree._Element, now: datetime) -> Credential:
        try:
            return self._trust.verify(certificate_of(root), CertificateKind.ORG_SIGN, now)
        except CertificateRefused as problem:
            raise SignatureProblem(f"certificat refusé ({problem.reason})") from None


def _one(parent: etree._Element, name: str, namespace: str = DS) -> etree._Element:
    found = parent.findall(q(namespace, name))
    if len(found) != 1:
        raise SignatureProblem(f"{name} absent ou répété")
    return found[0]


def _algorithm(parent: etree._Element, name: str) -> str:
    return _one(parent, name).get("Algorithm") or ""


def _canonical(element: etree._Element, algorithm: str) -> bytes:
    if algorithm not in {C14N, C14N_COMMENTS}:
        raise SignatureProblem("algorithme de canonicalisation non admis")
    return inclusive(detached(element), comments=algorithm == C14N_COMMENTS)


def _digest_ok(reference: etree._Element, data: bytes) -> bool:
    method = reference.find(q(DS, "DigestMethod"))
    digest = _DIGESTS.get((method.get("Algorithm") or "") if method is not None else "")
    if digest is None:
        raise SignatureProblem("algorithme de condensat non admis")
    return hmac.compare_digest(digest(data), b64(text(reference.find(q(DS, "DigestValue")))))


def _signed_parts(root: etree._Element, info: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Return the Manifest and the SignedProperties, whose digests are those of SignedInfo."""
    ids: dict[str, list[etree._Element]] = {}
    for element in root.iter():
        identifier = element.get("Id") if isinstance(element.tag, str) else None
        if identifier:
            ids.setdefault(identifier, []).append(element)
    references = {reference.get("Type"): reference for reference in info.findall(q(DS, "Reference"))}
    if set(references) != {_MANIFEST_TYPE, _PROPERTIES_TYPE} or len(info.findall(q(DS, "Reference"))) != 2:
        raise SignatureProblem("références au Manifest et aux SignedProperties attendues")
    parts = []
    for kind, tag in ((_MANIFEST_TYPE, q(DS, "Manifest")), (_PROPERTIES_TYPE, q(XADES, "SignedProperties"))):
        reference = references[kind]
        targets = ids.get((reference.get("URI") or "").removeprefix("#"), [])
        if len(targets) != 1 or targets[0].tag != tag:
            raise SignatureProblem("une référence ne désigne pas sa cible")
        transforms = reference.findall(f"{q(DS, 'Transforms')}/{q(DS, 'Transform')}")
        algorithms = [transform.get("Algorithm") or "" for transform in transforms]
        if len(algorithms) > 1 or not _digest_ok(reference, _canonical(targets[0], (algorithms or [C14N])[0])):
            raise SignatureProblem(f"condensat de {tag.rpartition('}')[2]} faux")
        parts.append(targets[0])
    return parts[0], parts[1]


def _check_manifest(manifest: etree._Element, set_id: str, documents: dict[str, etree._Element]) -> None:
    references = {r.get("URI"): r for r in manifest.findall(q(DS, "Reference"))}
    expected = {f"urn:oid:{set_id}", *(f"urn:oid:{unique_id}" for unique_id in documents)}
    if set(references) != expected or len(manifest.findall(q(DS, "Reference"))) != len(expected):
        raise SignatureProblem("le Manifest ne désigne pas le lot et ses documents")
    lot = references[f"urn:oid:{set_id}"]
    if b64(text(lot.find(q(DS, "DigestValue")))) != b"\0":
        raise SignatureProblem("condensat du lot : AA== attendu")
    for unique_id, root in documents.items():
        reference = references[f"urn:oid:{unique_id}"]
        transforms = reference.findall(f"{q(DS, 'Transforms')}/{q(DS, 'Transform')}")
        if [t.get("Algorithm") for t in transforms] not in ([C14N_COMMENTS], [C14N]):
            raise SignatureProblem("Manifest : une transformation C14N attendue pour un CDA")
        comments = transforms[0].get("Algorithm") == C14N_COMMENTS
        if not _digest_ok(reference, inclusive(root, comments=comments, whole_document=True)):
            raise SignatureProblem("condensat d'un document faux")


def _check_purpose(root: etree._Element, signature_id: str) -> None:
    path = f"{q(DS, 'Object')}/{q(DS, 'SignatureProperties')}/{q(DS, 'SignatureProperty')}"
    found = [p for p in root.findall(path) if p.get("Id") == "purposeOfSignature"]
    if len(found) != 1 or text(found[0]) != PURPOSE or found[0].get("Target") != f"#{signature_id}":
        raise SignatureProblem("purposeOfSignature absent ou incorrect")


def _check_properties(properties: etree._Element, signature_id: str, signer: Credential) -> None:
    qualifying = properties.getparent()
    if qualifying is None or qualifying.get("Target") != f"#{signature_id}":
        raise SignatureProblem("QualifyingProperties/@Target incorrect")
    signed = _one(properties, "SignedSignatureProperties", XADES)
    try:
        zoned = datetime.fromisoformat(text(_one(signed, "SigningTime", XADES))).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        raise SignatureProblem("SigningTime mal formé")
    policy = _one(signed, "SignaturePolicyIdentifier", XADES)
    if policy.find(q(XADES, "SignaturePolicyImplied")) is None:
        raise SignatureProblem("SignaturePolicyImplied attendu")
    certificates = _one(signed, "SigningCertificate", XADES).findall(q(XADES, "Cert"))
    if not certificates:
        raise SignatureProblem("SigningCertificate vide")
    _check_certificate(certificates[0], signer)


def _check_certificate(certificate: etree._Element, signer: Credential) -> None:
    digest = _one(certificate, "CertDigest", XADES)
    method = next((c for c in digest if str(c.tag).endswith("}DigestMethod")), None)
    value = next((c for c in digest if str(c.tag).endswith("}DigestValue")), None)
    algorithm = (method.get("Algorithm") or "") if method is not None else ""
    expected = {SHA256: signer.digest_sha256, _ODD_SHA256: signer.digest_sha256, SHA1: signer.digest_sha1}
    if algorithm not in expected or b64(text(value)) != expected[algorithm]:
        raise SignatureProblem("CertDigest différent du certificat de signature")
    serial = _one(certificate, "IssuerSerial", XADES)
    number = next((text(c) for c in serial if str(c.tag).endswith("}X509SerialNumber")), "")
    issuer = next((text(c) for c in serial if str(c.tag).endswith("}X509IssuerName")), "")
    if number != str(signer.certificate.serial_number) or dn_parts(issuer) != signer.issuer_dn:
        raise SignatureProblem("IssuerSerial différent du certificat de signature")
