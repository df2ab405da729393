"""The hub's internal CA, made at run time: the broker's certificate and one for each service, both ways.

EC P-256, keys in unencrypted PKCS#8 PEM with mode 0600. The common name is the principal Kafka's ACLs name. It serves
local runs, tests and the demo; a real installation brings certificates of its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub_local.layout import exclusive, write_private

SERVICES = ("gateway", "identity", "consent-registry", "document-builder", "dmp-publisher", "audit")
ADMIN = "admin"
BROKER = "broker"
LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
BACKDATE = timedelta(minutes=10)
ORGANISATION = "Hub DMP (local)"


@dataclass(frozen=True, slots=True)
class Credential:
    """PEM files of one certificate: `certificate` (leaf then CA), `key`, `authority` (the CA to trust)."""

    name: str
    certificate: Path
    key: Path
    authority: Path


class InternalPki:
    """A directory of certificates under one CA. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def authority(self) -> Path:
        """The CA's certificate, PEM."""
        return self.folder / "ca.pem"

    def ensure(self, now: datetime, names: Iterable[str] = (*SERVICES, ADMIN, BROKER)) -> None:
        """Make what is missing and renew what ends within 30 days (a new CA renews everything)."""
        with exclusive(self.folder / ".lock"):
            if _ends_soon(self.authority, now):
                self._make_authority(now)
            for name in names:
                if _ends_soon(self.folder / f"{name}.pem", now):
                    self._issue(name, now)

    def credential(self, name: str) -> Credential:
        """The files of that name. Raises FileNotFoundError when it was never issued."""
        found = Credential(name, self.folder / f"{name}.pem", self.folder / f"{name}.key", self.authority)
        if not found.certificate.exists():
            raise FileNotFoundError(f"no certificate {found.certificate}: pass {name!r} to InternalPki.ensure")
        return found

    def principals(self) -> dict[str, str]:
        """Certificate name → Kafka principal, for every certificate of the directory."""
        names = (path.stem for path in sorted(self.folder.glob("*.pem")) if path != self.authority)
        return {name: principal(name) for name in names}

    def keystore(self, name: str) -> str:
        """Key and chain in one PEM text, as Kafka's PEM key store wants it."""
        files = self.credential(name)
        return files.key.read_text(encoding="ascii") + files.certificate.read_text(encoding="ascii")

    def _make_authority(self, now: datetime) -> None:
        for old in self.folder.glob("*.pem"):
            old.unlink()
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Hub DMP internal CA")
        builder = (
            _builder(name, name, key.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
        )
        write_private(self.folder / "ca.key", _key_pem(key))
        write_private(self.authority, _pem(builder.sign(key, hashes.SHA256())))

    def _issue(self, name: str, now: datetime) -> None:
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        authority_key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), password=None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        local = [
            x509.DNSName("localhost"),
            x509.DNSName(name),
            x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
            x509.IPAddress(ipaddress.IPv6Address("::1")),
        ]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        builder = (
            _builder(_name(name), authority.subject, key.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(local), critical=False)
            .add_extension(authority_id, critical=False)
        )
        certificate = builder.sign(authority_key, hashes.SHA256())
        write_private(self.folder / f"{name}.key", _key_pem(key))
        write_private(self.folder / f"{name}.pem", _pem(certificate) + _pem(authority))


def principal(name: str) -> str:
    """The Kafka principal of the certificate whose common name is `name`."""
    return f"User:{name}"


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _ends_soon(certificate: Path, now: datetime) -> bool:
    if not certificate.exists():
        return True
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc - now < RENEW_BEFORE


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
