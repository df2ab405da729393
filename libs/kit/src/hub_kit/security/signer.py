"""The software signing key of a structure or of the hub (design rule 21): `sign(digest)`, sealed at rest."""

from __future__ import annotations

from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from hub_kit.errors import ConfigurationError
from hub_kit.security.keywrap import KeyWrapper

HashName = Literal["sha256", "sha1"]
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha1": hashes.SHA1(),  # noqa: S303 - some national signatures still ask for it
}


class Signer(Protocol):
    """What signs: a software key here, PKCS#11 or a card elsewhere."""

    @property
    def certificate_der(self) -> bytes:
        """The signer's certificate."""
        ...

    @property
    def hash_name(self) -> HashName:
        """The hash whose digests it signs."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """RSA PKCS#1 v1.5 signature of a digest."""
        ...


class SoftwareSigner:
    """RSA PKCS#1 v1.5 with a key in memory. `sign` takes about 0.7 ms (2048 bits) and lets other threads run."""

    def __init__(self, certificate: x509.Certificate, key: rsa.RSAPrivateKey, hash_name: HashName = "sha256") -> None:
        if _public(certificate.public_key()) != _public(key.public_key()):
            raise ConfigurationError("the signing certificate is not that of the private key")
        self._key = key
        self._hash = _HASHES[hash_name]
        self.hash_name: HashName = hash_name
        self.certificate = certificate
        self.certificate_der = certificate.public_bytes(Encoding.DER)

    @classmethod
    def from_pem(
        cls, certificate_pem: bytes, key_pem: bytes, password: bytes | None = None, hash_name: HashName = "sha256"
    ) -> SoftwareSigner:
        """Load both from PEM. Raises ConfigurationError."""
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            key = load_pem_private_key(key_pem, password)
        except (ValueError, TypeError):
            raise ConfigurationError("the signing certificate or its key is not readable PEM") from None
        return cls(certificate, _rsa(key), hash_name)

    def sign(self, digest: bytes) -> bytes:
        """The signature of `digest`, as long as the modulus. Raises ValueError when it is not a digest of that hash."""
        if len(digest) != self._hash.digest_size:
            raise ValueError(f"a {self.hash_name} digest is {self._hash.digest_size} bytes")
        return self._key.sign(digest, padding.PKCS1v15(), Prehashed(self._hash))


def seal_private_key(key_pem: bytes, wrapper: KeyWrapper, owner: str, password: bytes | None = None) -> bytes:
    """A private key wrapped for storage; `owner` (which structure, which use) must be the same to open it.

    Raises ConfigurationError when the PEM is not a private RSA key.
    """
    try:
        key = _rsa(load_pem_private_key(key_pem, password))
    except (ValueError, TypeError):
        raise ConfigurationError("the private key is not readable PEM") from None
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return wrapper.wrap(der, _context(owner))


def open_private_key(sealed: bytes, wrapper: KeyWrapper, owner: str) -> rsa.RSAPrivateKey:
    """The key that `seal_private_key` wrapped. Raises Undecipherable."""
    plain = wrapper.unwrap(sealed, _context(owner))
    # checked when it was sealed, and authenticated since: checking the primes again costs 40 ms a key
    return _rsa(load_der_private_key(plain, None, unsafe_skip_rsa_key_validation=True))


def private_key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The key as PEM in memory, for `security.tls.client_context_from_memory`; never write it to a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _rsa(key: object) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationError("the private key is not RSA")
    return key


def _public(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey):
        raise ConfigurationError("the certificate's key is not RSA")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _context(owner: str) -> str:
    return f"private-key:{owner}"
