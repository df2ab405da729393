"""The two certificates of a structure (EX_GEN-1450): read, checked, opened, and kept in memory for a while."""

from __future__ import annotations

import hashlib
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hub_contracts.errors import ErrorCode
from hub_interop.dsig.signer import SignatureAlgorithm
from hub_kit.errors import ConfigurationError
from hub_kit.security.keywrap import KeyWrapper
from hub_kit.security.signer import SoftwareSigner, open_private_key, private_key_pem, seal_private_key
from hub_kit.security.tls import client_context_from_memory


class Kind(StrEnum):
    """ORG_AUTH_CLI opens TLS, ORG_SIGN signs."""

    AUTH = "auth"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class IdentityRef:
    """Which certificate is in force for a structure and a use, without its key."""

    kind: Kind
    fingerprint: str
    subject_ou: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """A certificate (leaf first, its chain may follow) and its wrapped private key, ready for the table."""

    structure_id: UUID
    ref: IdentityRef
    certificate_pem: str
    sealed_key: bytes = field(repr=False)


class SetSigner:
    """A structure's signing key as the exchange formats want it: it signs SHA-256 digests, and SHA-1 ones if told."""

    def __init__(self, certificate: x509.Certificate, signers: Mapping[SignatureAlgorithm, SoftwareSigner]) -> None:
        self._signers = signers
        self.certificate_der = certificate.public_bytes(Encoding.DER)

    def sign(self, digest: bytes, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
        """RSA PKCS#1 v1.5 signature of `digest`."""
        return self._signers[algorithm].sign(digest)


@dataclass(frozen=True, slots=True)
class OpenedIdentity:
    """What a call needs: the TLS context, the signer of the VIHF, the signer of the submission set."""

    context: ssl.SSLContext = field(repr=False)
    signer: SetSigner = field(repr=False)
    set_signer: SetSigner = field(repr=False)


def certificate_problem(refs: Mapping[Kind, IdentityRef], struct_id: str | None, now: datetime) -> ErrorCode | None:
    """Why a structure can't call the DMP now: a certificate missing (or another structure's), or out of its dates."""
    for kind in Kind:
        ref = refs.get(kind)
        if ref is None or ref.subject_ou != struct_id:
            return ErrorCode.CERTIFICATE_MISSING
        if not ref.not_before <= now < ref.not_after:
            return ErrorCode.CERTIFICATE_EXPIRED
    return None


def read_identity(
    structure_id: UUID, struct_id: str, kind: Kind, certificate_pem: bytes, key_pem: bytes, wrapper: KeyWrapper
) -> NewIdentity:
    """A certificate and its key, checked and wrapped.

    Raises ConfigurationError when the PEM is unreadable, the key is another certificate's or the certificate's OU is
    not the structure's national identifier.
    """
    SoftwareSigner.from_pem(certificate_pem, key_pem)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    units = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    if struct_id not in units:
        raise ConfigurationError(f"the {kind} certificate's OU is not the structure's national identifier {struct_id}")
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    ref = IdentityRef(kind, fingerprint, struct_id, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    sealed = seal_private_key(key_pem, wrapper, _owner(structure_id, kind, fingerprint))
    return NewIdentity(structure_id, ref, certificate_pem.decode("ascii"), sealed)


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """A row of the table: PEM and wrapped key."""

    kind: Kind
    fingerprint: str
    certificate_pem: str
    sealed_key: bytes = field(repr=False)


class IdentityOpener:
    """Opens identities and keeps the most recently used, by fingerprints: a new certificate is a new entry."""

    def __init__(self, wrapper: KeyWrapper, dmp_ca_pem: bytes, size: int) -> None:
        self._wrapper = wrapper
        self._ca = dmp_ca_pem
        self._size = size
        self._opened: OrderedDict[tuple[str, str, str], OpenedIdentity] = OrderedDict()

    def cached(self, fingerprints: tuple[str, str, str]) -> OpenedIdentity | None:
        """The identity if it is in memory."""
        found = self._opened.get(fingerprints)
        if found is not None:
            self._opened.move_to_end(fingerprints)
        return found

    def open_(
        self,
        structure_id: UUID,
        stored: Mapping[str, StoredIdentity],
        fingerprints: tuple[str, str, str],
        now: datetime,
    ) -> OpenedIdentity:
        """The identity from its rows. `fingerprints`: TLS, VIHF, submission set.

        The set's certificate may be a former one (a resend is signed as the first send was); if it is gone or has
        ended the present one signs.

        Raises KeyError when a present certificate is not among the rows, Undecipherable for another KEK.
        """
        auth, sign, set_sign = fingerprints
        tls = stored[auth]
        key = open_private_key(tls.sealed_key, self._wrapper, _owner(structure_id, tls.kind, auth))
        context = client_context_from_memory(tls.certificate_pem.encode(), private_key_pem(key), self._ca)
        signer = self._signer(structure_id, stored[sign])
        set_signer = signer
        if set_sign != sign and set_sign in stored and _ends(stored[set_sign]) > now:
            set_signer = self._signer(structure_id, stored[set_sign])
        opened = OpenedIdentity(context, signer, set_signer)
        self._opened[fingerprints] = opened
        if len(self._opened) > self._size:
            self._opened.popitem(last=False)
        return opened

    def _signer(self, structure_id: UUID, row: StoredIdentity) -> SetSigner:
        certificate = x509.load_pem_x509_certificate(row.certificate_pem.encode())
        key = open_private_key(row.sealed_key, self._wrapper, _owner(structure_id, row.kind, row.fingerprint))
        return SetSigner(
            certificate,
            {
                SignatureAlgorithm.RSA_SHA256: SoftwareSigner(certificate, key, "sha256"),
                SignatureAlgorithm.RSA_SHA1: SoftwareSigner(certificate, key, "sha1"),
            },
        )


def _ends(row: StoredIdentity) -> datetime:
    return x509.load_pem_x509_certificate(row.certificate_pem.encode()).not_valid_after_utc


def _owner(structure_id: UUID, kind: Kind, fingerprint: str) -> str:
    return f"{structure_id}/{kind.value}/{fingerprint}"
