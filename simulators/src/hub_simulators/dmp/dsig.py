"""The VIHF's enveloped XML signature, verified by hand: digest, signature value, and what exactly is signed (§2.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from hub_simulators.dmp.names import DS, ENVELOPED, EXC_C14N, RSA_SHA1, RSA_SHA256, SHA256, q
from hub_simulators.dmp.xmltools import detached, elements, exclusive, text


class SignatureProblem(ValueError):
    """The signature is not one the DMP accepts; the message says which part."""


def b64(value: str) -> bytes:
    """Decode base64 with line breaks. Raises SignatureProblem when it is not base64."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except binascii.Error:
        raise SignatureProblem("base64 invalide") from None


def verify_rsa(key: rsa.RSAPublicKey, algorithm: str, signature: bytes, signed: bytes) -> None:
    """Check an RSA PKCS#1 v1.5 signature made with the algorithm of that URI. Raises SignatureProblem."""
    digest: hashes.HashAlgorithm = hashes.SHA256()
    if algorithm == RSA_SHA1:
        digest = hashes.SHA1()  # noqa: S303 - products in service still sign the submission set so
    elif algorithm != RSA_SHA256:
        raise SignatureProblem("algorithme de signature non admis")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise SignatureProblem("valeur de signature fausse") from None


def split_assertion(assertion: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Return (assertion on its own, its ds:Signature). Raises SignatureProblem when it is not signed exactly once."""
    alone = detached(assertion)
    signatures = [child for child in elements(alone) if child.tag == q(DS, "Signature")]
    if len(signatures) != 1 or len(list(alone.iter(q(DS, "Signature")))) != 1:
        raise SignatureProblem("une seule signature enveloppée attendue")
    if any(not isinstance(node.tag, str) for node in alone.iter()):
        raise SignatureProblem("commentaire ou instruction dans l'assertion")
    return alone, signatures[0]


def certificate_of(signature: etree._Element) -> bytes:
    """Return the DER of the single X509Certificate of KeyInfo. Raises SignatureProblem."""
    found = signature.findall(f"{q(DS, 'KeyInfo')}/{q(DS, 'X509Data')}/{q(DS, 'X509Certificate')}")
    if len(found) != 1:
        raise SignatureProblem("KeyInfo : un certificat X509 attendu")
    return b64(text(found[0]))


def verify_enveloped(alone: etree._Element, signature: etree._Element, key: rsa.RSAPublicKey) -> None:
    """Verify the signature of the assertion `alone`, which loses its ds:Signature on the way.

    Raises SignatureProblem when an algorithm is not the expected one, the reference isn't the assertion, the digest
    or the signature value is wrong.
    """
    info = signature.find(q(DS, "SignedInfo"))
    if info is None:
        raise SignatureProblem("SignedInfo absent")
    _expect(info, "CanonicalizationMethod", EXC_C14N)
    _expect(info, "SignatureMethod", RSA_SHA256)
    references = info.findall(q(DS, "Reference"))
    if len(references) != 1 or references[0].get("URI") != f"#{alone.get('ID')}":
        raise SignatureProblem("la référence signée n'est pas l'assertion")
    prefixes, expected = _reference(references[0])
    signed_info = exclusive(detached(info), _prefixes(info.find(q(DS, "CanonicalizationMethod"))))
    value = b64(text(signature.find(q(DS, "SignatureValue"))))
    _remove(signature)
    digest = hashlib.sha256(exclusive(alone, prefixes)).digest()
    if not hmac.compare_digest(digest, expected):
        raise SignatureProblem("condensat de l'assertion faux")
    verify_rsa(key, RSA_SHA256, value, signed_info)


def _reference(reference: etree._Element) -> tuple[tuple[str, ...], bytes]:
    transforms = reference.findall(f"{q(DS, 'Transforms')}/{q(DS, 'Transform')}")
    if [transform.get("Algorithm") for transform in transforms] != [ENVELOPED, EXC_C14N]:
        raise SignatureProblem("transformations attendues : enveloped-signature puis exc-c14n")
    _expect(reference, "DigestMethod", SHA256)
    return _prefixes(transforms[1]), b64(text(reference.find(q(DS, "DigestValue"))))


def _prefixes(method: etree._Element | None) -> tuple[str, ...]:
    inclusive = method.find(q(EXC_C14N, "InclusiveNamespaces")) if method is not None else None
    return tuple((inclusive.get("PrefixList") or "").split()) if inclusive is not None else ()


def _expect(parent: etree._Element, name: str, algorithm: str) -> None:
    method = parent.find(q(DS, name))
    if method is None or method.get("Algorithm") != algorithm:
        raise SignatureProblem(f"{name} : {algorithm} attendu")


def _remove(signature: etree._Element) -> None:
    """Take the signature out of its parent, keeping the text that follows it (it is part of what is signed)."""
    parent = signature.getparent()
    if parent is None:
        raise SignatureProblem("signature sans parent")
    tail, before = signature.tail, signature.getprevious()
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(signature)
