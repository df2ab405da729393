"""What a signing key must offer, whether it lives in a file, a PKCS#11 module or a card."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from hub_interop.dsig.errors import SigningRefused

DSIG = "http://www.w3.org/2000/09/xmldsig#"


class SignatureAlgorithm(StrEnum):
    """The RSA PKCS#1 v1.5 signatures the DMP knows. SHA-1 is for submission sets only (a setting), never for VIHF."""

    RSA_SHA256 = "rsa-sha256"
    RSA_SHA1 = "rsa-sha1"

    @property
    def uri(self) -> str:
        """The XML Signature identifier of the signature method."""
        return _URIS[self][0]

    @property
    def digest_uri(self) -> str:
        """The XML Signature identifier of the digest that goes with it."""
        return _URIS[self][1]

    @property
    def hash_name(self) -> str:
        """The name of the hash for `hashlib` (`sha256`, `sha1`)."""
        return "sha256" if self is SignatureAlgorithm.RSA_SHA256 else "sha1"

    def digest(self, content: bytes) -> bytes:
        """The digest of `content` (32 or 20 bytes)."""
        return hashlib.new(self.hash_name, content, usedforsecurity=self is SignatureAlgorithm.RSA_SHA256).digest()


_URIS = {
    SignatureAlgorithm.RSA_SHA256: (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ),
    SignatureAlgorithm.RSA_SHA1: (f"{DSIG}rsa-sha1", f"{DSIG}sha1"),
}


class DigestSigner(Protocol):
    """A private key that signs digests, with its certificate.

    The bytes handed in are already the digest: the signer adds the DigestInfo and the PKCS#1 v1.5 padding.
    """

    @property
    def certificate_der(self) -> bytes:
        """The X.509 certificate of the key, DER."""
        ...

    def sign(self, digest: bytes, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
        """The RSA PKCS#1 v1.5 signature (as long as the modulus) of `digest`, which `algorithm` made."""
        ...


@dataclass(frozen=True, slots=True)
class PendingSignature:
    """A document complete but for its signature value: for signers that answer later (card, remote module).

    Sign `digest` with `algorithm`, then `complete(signature)` gives the final bytes.
    """

    digest: bytes
    algorithm: SignatureAlgorithm
    head: bytes = field(repr=False)
    tail: bytes = field(repr=False)
    signature_size: int

    def complete(self, signature: bytes) -> bytes:
        """The signed document. Raises `SigningRefused` (`SIGNATURE_SIZE`) when it isn't the key's size."""
        if len(signature) != self.signature_size:
            raise SigningRefused("SIGNATURE_SIZE", "signer", "the signer's answer doesn't fit the certificate's key")
        return b"".join((self.head, base64.b64encode(signature), self.tail))

    def signed_by(self, signer: DigestSigner) -> bytes:
        """The signed document, by a signer that answers at once."""
        return self.complete(signer.sign(self.digest, self.algorithm))
