"""TestPki: root, issuing authority, server and structure certificates, and the revocation list, all as PEM files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub_simulators.clock import Clock, SystemClock
from hub_simulators.pki import profiles
from hub_simulators.pki.profiles import CertificateKind

_AUTHORITY_YEARS = timedelta(days=3650)
_LEAF_DAYS = timedelta(days=365)


class PemPair(NamedTuple):
    """A certificate file (leaf first, then the issuing authority) and its private key file (PKCS#8, not encrypted)."""

    certificate: Path
    key: Path


class StructureCertificates(NamedTuple):
    """The two credentials of a structure: `auth` opens TLS, `sign` seals the VIHF and the submission set."""

    auth: PemPair
    sign: PemPair


class TestPki:
    """The authorities of the simulated environment, kept in one directory.

    Files: `trust.pem` (root + issuing), `root.crt.pem`, `issuing.crt.pem`, their keys, `server.crt.pem`/`.key.pem`,
    `crl.pem`, and `structures/<Struct_IdNat>[-label]/{auth,sign}.{crt,key}.pem`. Keys have mode 0600.
    """

    __test__ = False  # pytest must not take it for a test class

    def __init__(self, directory: Path, clock: Clock, key_pool: int) -> None:
        self.directory = directory
        self._clock = clock
        self._pool_size = key_pool
        self._pool: Iterator[rsa.RSAPrivateKey] | None = None
        self._issuing_key = _load_key(directory / "issuing.key.pem")
        self._issuing = _load_certificate(directory / "issuing.crt.pem")

    @classmethod
    def create(cls, directory: Path, *, clock: Clock | None = None, key_pool: int = 0) -> TestPki:
        """Make the PKI in `directory`, or open the one that is already there.

        `key_pool` > 0 lets that many key pairs be shared by all structures (each keeps its own certificates): for
        benches with 1,000 structures, since an RSA-2048 key takes about 60 ms.
        """
        clock = clock or SystemClock()
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / "trust.pem").exists():
            _make_authorities(directory, clock.now())
        return cls(directory, clock, key_pool)

    @property
    def trust_file(self) -> Path:
        """PEM file of the two authorities."""
        return self.directory / "trust.pem"

    @property
    def crl_file(self) -> Path:
        """PEM file of the revocation list."""
        return self.directory / "crl.pem"

    @property
    def server(self) -> PemPair:
        """TLS credential of the simulated DMP (SAN localhost, 127.0.0.1, ::1)."""
        return PemPair(self.directory / "server.crt.pem", self.directory / "server.key.pem")

    def issue_structure(
        self,
        struct_idnat: str,
        name: str,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        state: str = "Gironde (33)",
        label: str = "",
        usage: tuple[CertificateKind, CertificateKind] = (CertificateKind.ORG_AUTH_CLI, CertificateKind.ORG_SIGN),
    ) -> StructureCertificates:
        """Issue the two certificates of a structure and return their files.

        `not_before`/`not_after` (aware UTC; default yesterday and +1 year) make expired or future certificates,
        `usage` swaps the purposes for tests, `label` keeps several sets of one structure apart on disk.
        """
        home = self.directory / "structures" / (f"{struct_idnat}-{label}" if label else struct_idnat)
        home.mkdir(parents=True, exist_ok=True)
        start = not_before or self._clock.now() - timedelta(days=1)
        end = not_after or start + _LEAF_DAYS
        if not_before is None and end <= start:
            start = end - timedelta(days=30)
        pairs = []
        for file_name, kind in zip(("auth", "sign"), usage, strict=True):
            subject = profiles.structure_name(struct_idnat, name, state, kind)
            key = self._next_key()
            certificate = _sign_leaf(subject, key, kind, start, end, self._issuing, self._issuing_key)
            pairs.append(_write_pair(home, file_name, certificate, key, self._issuing))
        return StructureCertificates(*pairs)

    def structure(self, struct_idnat: str, label: str = "") -> StructureCertificates:
        """Return the files of a structure issued earlier. Raises FileNotFoundError when there is none."""
        home = self.directory / "structures" / (f"{struct_idnat}-{label}" if label else struct_idnat)
        if not (home / "auth.crt.pem").exists():
            raise FileNotFoundError(f"no certificate issued under {home.name}")
        return StructureCertificates(
            PemPair(home / "auth.crt.pem", home / "auth.key.pem"), PemPair(home / "sign.crt.pem", home / "sign.key.pem")
        )

    def revoke(self, *pairs: PemPair) -> None:
        """Add these certificates to the revocation list, which the simulator reads again within a second."""
        now = self._clock.now()
        revoked = x509.load_pem_x509_crl(self.crl_file.read_bytes())
        builder = _crl_builder(self._issuing.subject, now)
        for entry in revoked:
            builder = builder.add_revoked_certificate(entry)
        for pair in pairs:
            certificate = _load_certificate(pair.certificate)
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, now).build()
            builder = builder.add_revoked_certificate(entry)
        _write(self.crl_file, _crl_pem(builder, self._issuing_key))

    def _next_key(self) -> rsa.RSAPrivateKey:
        if self._pool_size <= 0:
            return _new_key()
        if self._pool is None:
            self._pool = itertools.cycle([_new_key() for _ in range(self._pool_size)])
        return next(self._pool)


def _make_authorities(directory: Path, now: datetime) -> None:
    root_key, issuing_key, server_key = _new_key(), _new_key(), _new_key()
    root_name = profiles.authority_name(profiles.ROOT_COMMON_NAME)
    root = _sign_authority(root_name, root_key, root_name, root_key, now, path_length=1)
    issuing_name = profiles.authority_name(profiles.ISSUING_COMMON_NAME)
    issuing = _sign_authority(issuing_name, issuing_key, root_name, root_key, now, path_length=0)
    start = now - timedelta(days=1)
    server = _sign_leaf(
        profiles.server_name(), server_key, CertificateKind.SERVER, start, start + _LEAF_DAYS, issuing, issuing_key
    )
    for name, certificate, key in (("root", root, root_key), ("issuing", issuing, issuing_key)):
        _write(directory / f"{name}.crt.pem", _pem(certificate))
        _write(directory / f"{name}.key.pem", _key_pem(key), private=True)
    _write_pair(directory, "server", server, server_key, issuing)
    _write(directory / "crl.pem", _crl_pem(_crl_builder(issuing_name, now), issuing_key))
    _write(directory / "trust.pem", _pem(root) + _pem(issuing))


def _sign_authority(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    now: datetime,
    path_length: int,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + _AUTHORITY_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(profiles.key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _sign_leaf(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    kind: CertificateKind,
    start: datetime,
    end: datetime,
    issuer: x509.Certificate,
    issuer_key: rsa.RSAPrivateKey,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in profiles.leaf_extensions(kind):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _crl_builder(issuer: x509.Name, now: datetime) -> x509.CertificateRevocationListBuilder:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=365))
    )


def _crl_pem(builder: x509.CertificateRevocationListBuilder, key: rsa.RSAPrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path.name} is not an RSA key")
    return key


def _load_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_pair(
    home: Path, name: str, certificate: x509.Certificate, key: rsa.RSAPrivateKey, issuing: x509.Certificate
) -> PemPair:
    pair = PemPair(home / f"{name}.crt.pem", home / f"{name}.key.pem")
    _write(pair.certificate, _pem(certificate) + _pem(issuing))
    _write(pair.key, _key_pem(key), private=True)
    return pair


def _write(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace `path` in one step, so that a reader never sees half a file."""
    draft = path.with_name(f".{path.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644), "wb") as file:
        file.write(data)
    draft.replace(path)


def utc(value: str) -> datetime:
    """Read an ISO date or date-time given on the command line; without a zone it is UTC."""
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
