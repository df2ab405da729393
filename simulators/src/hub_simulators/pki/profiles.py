"""Names and X.509 extensions of the certificates the test PKI issues."""

from __future__ import annotations

import ipaddress
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

ROOT_COMMON_NAME = "TEST AC RACINE IGC-SANTE ELEMENTAIRE"
ISSUING_COMMON_NAME = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"
ORGANISATION = "HUB DMP TEST (FICTIF)"
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")


class CertificateKind(StrEnum):
    """The two certificates of a structure (EX_GEN-1450) and the server's."""

    ORG_AUTH_CLI = "ORG_AUTH_CLI"
    ORG_SIGN = "ORG_SIGN"
    SERVER = "SERVER"


def authority_name(common_name: str) -> x509.Name:
    """Return the subject of one of the two test authorities."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def structure_name(struct_idnat: str, name: str, state: str, kind: CertificateKind) -> x509.Name:
    """Return C, ST, O (raison sociale), OU (Struct_IdNat), CN: the order of IGC-Santé organisation certificates."""
    suffix = "auth" if kind is CertificateKind.ORG_AUTH_CLI else "sign"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, state),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, struct_idnat),
            x509.NameAttribute(NameOID.COMMON_NAME, f"hub {suffix} {struct_idnat}"),
        ]
    )


def server_name() -> x509.Name:
    """Return the subject of the simulated DMP's TLS certificate."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
        ]
    )


def key_usage(*names: str) -> x509.KeyUsage:
    """Return a KeyUsage with exactly the named bits on."""
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


def leaf_extensions(kind: CertificateKind) -> list[tuple[x509.ExtensionType, bool]]:
    """Return the (extension, critical) pairs apt to the purpose of `kind`."""
    if kind is CertificateKind.ORG_AUTH_CLI:
        return [
            (key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        ]
    if kind is CertificateKind.ORG_SIGN:
        return [
            (key_usage("digital_signature", "content_commitment"), True),
            (x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), False),
        ]
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    return [
        (key_usage("digital_signature", "key_encipherment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
    ]
