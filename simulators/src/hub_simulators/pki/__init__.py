"""A test PKI shaped like IGC-Santé (gamme élémentaire, organisations), made at run time: nothing of it is real."""

from hub_simulators.pki.authority import PemPair, StructureCertificates, TestPki
from hub_simulators.pki.profiles import CertificateKind
from hub_simulators.pki.trust import CertificateRefused, Credential, TrustStore

__all__ = [
    "CertificateKind",
    "CertificateRefused",
    "Credential",
    "PemPair",
    "StructureCertificates",
    "TestPki",
    "TrustStore",
]
