"""What the messages quote from a signing certificate, with distinguished names as the DMP expects them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from hub_interop.dsig.errors import SigningRefused

_KEYWORDS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SURNAME",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "GIVENNAME",
    "2.5.4.43": "INITIALS",
    "2.5.4.44": "GENERATION",
    "2.5.4.46": "DNQ",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "EMAILADDRESS",
}
"""Attribute types by OID (`ST` and never `S`; `T`, `GIVENNAME`, `SURNAME` as on CPS certificates)."""

_ESCAPED = frozenset(',+"\\<>;=')


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate as messages quote it: names in RFC 2253 order, decimal serial number, key size in bytes.

    `organisational_units` are the OU of the subject: on a structure's certificate one is its Struct_IdNat.
    """

    subject: str
    issuer: str
    serial_number: int
    signature_size: int
    organisational_units: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    base64: str = field(repr=False)

    def require_valid(self, now: datetime) -> None:
        """Raises `SigningRefused` (`CERTIFICATE_DATES`) when `now` (aware) is outside the certificate's dates."""
        if not self.not_before <= now <= self.not_after:
            raise SigningRefused("CERTIFICATE_DATES", "certificate", "renew the structure's certificate")


@lru_cache(maxsize=2048)
def certificate_facts(der: bytes) -> CertificateFacts:
    """The facts of the certificate `der`; kept in memory, since a structure signs with the same one all day.

    Raises `SigningRefused`: `CERTIFICATE_UNREADABLE`, `CERTIFICATE_KEY` (not RSA).
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        subject, issuer = distinguished_name(certificate.subject), distinguished_name(certificate.issuer)
    except ValueError as error:
        raise SigningRefused("CERTIFICATE_UNREADABLE", "certificate", "give one X.509 certificate in DER") from error
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not isinstance(key, RSAPublicKey):
        raise SigningRefused("CERTIFICATE_KEY", "certificate", "the DMP takes RSA signatures: give an RSA certificate")
    return CertificateFacts(
        subject=subject,
        issuer=issuer,
        serial_number=certificate.serial_number,
        signature_size=(key.key_size + 7) // 8,
        organisational_units=tuple(str(unit.value) for unit in units),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=der,
        base64=base64.b64encode(der).decode(),
    )


def distinguished_name(name: x509.Name) -> str:
    """`name` in RFC 2253 order (last RDN of the certificate first), `, ` between RDNs, ` + ` inside one.

    Values of a multi-valued RDN keep the certificate's order: `GIVENNAME=ANNE + CN=… + SURNAME=…, T=Médecin, C=FR`.
    """
    return ", ".join(" + ".join(_pair(attribute) for attribute in rdn) for rdn in reversed(list(name.rdns)))


def _pair(attribute: x509.NameAttribute[str | bytes]) -> str:
    oid, value = attribute.oid.dotted_string, attribute.value
    keyword = _KEYWORDS.get(oid)
    if keyword is None or isinstance(value, bytes):
        return f"{oid}=#{_value_der(attribute).hex()}"
    return f"{keyword}={_escaped(value)}"


def _escaped(value: str) -> str:
    """RFC 2253 §2.4: the specials anywhere, `#` or space at the start, space at the end."""
    escaped = "".join(f"\\{character}" if character in _ESCAPED else character for character in value)
    if escaped.startswith(("#", " ")):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def _value_der(attribute: x509.NameAttribute[str | bytes]) -> bytes:
    """The DER of the attribute's value: SEQUENCE { SET { SEQUENCE { OID, value } } } without what stands before it."""
    der = x509.Name([attribute]).public_bytes()
    position = 0
    for _ in range(3):
        position = _content_start(der, position)
    oid_start = _content_start(der, position)
    return der[oid_start + der[position + 1] :]  # an OID is always short: one length byte


def _content_start(der: bytes, position: int) -> int:
    length = der[position + 1]
    return position + 2 + (length & 0x7F if length & 0x80 else 0)
