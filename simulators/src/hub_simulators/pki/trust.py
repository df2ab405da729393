"""What the simulated DMP does with a certificate: chain, dates, revocation, purpose. Parsed certificates are cached."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub_simulators.pki.profiles import CertificateKind

_CACHE_SIZE = 8192


class CertificateRefused(Exception):
    """A certificate that the DMP doesn't accept; `reason` is one of the codes named in `TrustStore.verify`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"certificat refusé : {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Credential:
    """What was read from a certificate whose chain is good. `structure` is its OU (Struct_IdNat)."""

    certificate: x509.Certificate
    public_key: rsa.RSAPublicKey
    structure: str
    subject_dn: tuple[tuple[str, str], ...]
    issuer_dn: tuple[tuple[str, str], ...]
    kinds: frozenset[CertificateKind]
    digest_sha1: bytes
    digest_sha256: bytes


class TrustStore:
    """The authorities and the revocation list that the simulator trusts."""

    def __init__(self, trust_file: Path, crl_file: Path | None) -> None:
        self._authorities = x509.load_pem_x509_certificates(trust_file.read_bytes())
        self._crl_file = crl_file
        self._crl_stamp = 0
        self._revoked: frozenset[int] = frozenset()
        self._cache: OrderedDict[bytes, Credential] = OrderedDict()

    def verify(self, der: bytes, kind: CertificateKind, now: datetime) -> Credential:
        """Return the credential of a DER certificate good for `kind` at `now` (aware UTC).

        Raises CertificateRefused with reason `unreadable`, `unknown_authority`, `expired`, `not_yet_valid`,
        `revoked` or `wrong_usage`.
        """
        credential = self._read(der)
        certificate = credential.certificate
        if now > certificate.not_valid_after_utc:
            raise CertificateRefused("expired")
        if now < certificate.not_valid_before_utc:
            raise CertificateRefused("not_yet_valid")
        if certificate.serial_number in self._revocations():
            raise CertificateRefused("revoked")
        if kind not in credential.kinds:
            raise CertificateRefused("wrong_usage")
        return credential

    def _read(self, der: bytes) -> Credential:
        digest = hashlib.sha256(der).digest()
        known = self._cache.get(digest)
        if known is not None:
            self._cache.move_to_end(digest)
            return known
        credential = _parse(der, digest)
        self._check_chain(credential.certificate)
        self._cache[digest] = credential
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return credential

    def _check_chain(self, certificate: x509.Certificate) -> None:
        for authority in self._authorities:
            if certificate.issuer == authority.subject and _signed_by(certificate, authority):
                return
        raise CertificateRefused("unknown_authority")

    def _revocations(self) -> frozenset[int]:
        if self._crl_file is None:
            return self._revoked
        stamp = self._crl_file.stat().st_mtime_ns
        if stamp != self._crl_stamp:
            crl = x509.load_pem_x509_crl(self._crl_file.read_bytes())
            if not any(crl.issuer == a.subject and _crl_signed_by(crl, a) for a in self._authorities):
                raise CertificateRefused("unknown_authority")
            self._revoked = frozenset(entry.serial_number for entry in crl)
            self._crl_stamp = stamp
        return self._revoked


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    algorithm = certificate.signature_hash_algorithm
    if not isinstance(key, rsa.RSAPublicKey) or algorithm is None:
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _crl_signed_by(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    return isinstance(key, rsa.RSAPublicKey) and crl.is_signature_valid(key)


def _parse(der: bytes, digest: bytes) -> Credential:
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        kinds = _kinds(certificate)
    except (ValueError, x509.ExtensionNotFound) as problem:
        raise CertificateRefused("unreadable") from problem
    if not isinstance(key, rsa.RSAPublicKey):
        raise CertificateRefused("unreadable")
    return Credential(
        certificate=certificate,
        public_key=key,
        structure=str(units[0].value) if len(units) == 1 else "",
        subject_dn=name_parts(certificate.subject),
        issuer_dn=name_parts(certificate.issuer),
        kinds=kinds,
        digest_sha1=hashlib.sha1(der, usedforsecurity=False).digest(),
        digest_sha256=digest,
    )


def _kinds(certificate: x509.Certificate) -> frozenset[CertificateKind]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    purposes = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    kinds = set()
    if usage.digital_signature and ExtendedKeyUsageOID.CLIENT_AUTH in purposes:
        kinds.add(CertificateKind.ORG_AUTH_CLI)
    if usage.content_commitment and ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        kinds.add(CertificateKind.ORG_SIGN)
    if ExtendedKeyUsageOID.SERVER_AUTH in purposes:
        kinds.add(CertificateKind.SERVER)
    return frozenset(kinds)


_ATTRIBUTE_TYPES = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COMMON_NAME: "CN",
    NameOID.TITLE: "T",
    NameOID.SURNAME: "SURNAME",
    NameOID.GIVEN_NAME: "GIVENNAME",
}


def name_parts(name: x509.Name) -> tuple[tuple[str, str], ...]:
    """Return (type, value) pairs of a name in RFC 2253 order: the last encoded attribute first."""
    parts = [
        (_ATTRIBUTE_TYPES.get(a.oid, a.oid.dotted_string), str(a.value)) for rdn in reversed(name.rdns) for a in rdn
    ]
    return tuple(parts)
