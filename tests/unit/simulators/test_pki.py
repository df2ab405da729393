"""The test PKI: names, purposes, dates, revocation, key pool, private files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from simulator_messages import FixedClock
from simulator_parts import NOW

from hub_simulators.pki import CertificateKind, CertificateRefused, PemPair, TestPki, TrustStore


def leaf(pair: PemPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


def der(pair: PemPair) -> bytes:
    return leaf(pair).public_bytes(Encoding.DER)


def test_subject_and_usages_of_a_structure(pki: TestPki) -> None:
    pairs = pki.issue_structure("1330000003", "PHARMACIE DU CENTRE")
    for pair in pairs:
        subject = leaf(pair).subject
        values = [(a.oid, a.value) for a in subject][:4]
        assert values == [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.STATE_OR_PROVINCE_NAME, "Gironde (33)"),
            (NameOID.ORGANIZATION_NAME, "PHARMACIE DU CENTRE"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "1330000003"),
        ]
        assert pair.key.stat().st_mode & 0o077 == 0
        assert len(x509.load_pem_x509_certificates(pair.certificate.read_bytes())) == 2
    usage = leaf(pairs.auth).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert leaf(pairs.sign).extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment


def test_the_server_certificate_is_for_localhost(pki: TestPki) -> None:
    names = leaf(pki.server).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_verdicts_of_the_trust_store(pki: TestPki) -> None:
    trust = TrustStore(pki.trust_file, pki.crl_file)
    pairs = pki.issue_structure("1330000004", "PHARMACIE", not_after=NOW + timedelta(days=10))
    good = trust.verify(der(pairs.auth), CertificateKind.ORG_AUTH_CLI, NOW)
    assert good.structure == "1330000004"
    assert good.subject_dn[0][0] == "CN"
    assert good.subject_dn[-1] == ("C", "FR")
    cases = [
        (der(pairs.auth), CertificateKind.ORG_SIGN, NOW, "wrong_usage"),
        (der(pairs.sign), CertificateKind.ORG_AUTH_CLI, NOW, "wrong_usage"),
        (der(pairs.auth), CertificateKind.ORG_AUTH_CLI, NOW + timedelta(days=11), "expired"),
        (der(pairs.auth), CertificateKind.ORG_AUTH_CLI, NOW - timedelta(days=400), "not_yet_valid"),
        (b"\x30\x00", CertificateKind.ORG_AUTH_CLI, NOW, "unreadable"),
    ]
    for data, kind, moment, reason in cases:
        with pytest.raises(CertificateRefused) as caught:
            trust.verify(data, kind, moment)
        assert caught.value.reason == reason


def test_a_revocation_is_seen_at_once_even_for_a_cached_certificate(pki: TestPki) -> None:
    trust = TrustStore(pki.trust_file, pki.crl_file)
    first = pki.issue_structure("1330000005", "PHARMACIE")
    second = pki.issue_structure("1330000006", "PHARMACIE")
    trust.verify(der(first.auth), CertificateKind.ORG_AUTH_CLI, NOW)
    pki.revoke(first.auth)
    pki.revoke(second.sign)
    for pair, kind in ((first.auth, CertificateKind.ORG_AUTH_CLI), (second.sign, CertificateKind.ORG_SIGN)):
        with pytest.raises(CertificateRefused, match="revoked"):
            trust.verify(der(pair), kind, NOW)
    trust.verify(der(second.auth), CertificateKind.ORG_AUTH_CLI, NOW)


def test_create_opens_what_is_there(tmp_path: Path) -> None:
    first = TestPki.create(tmp_path, clock=FixedClock())
    before = first.trust_file.read_bytes()
    pairs = first.issue_structure("1330000001", "PHARMACIE")
    again = TestPki.create(tmp_path, clock=FixedClock())
    assert again.trust_file.read_bytes() == before
    assert again.structure("1330000001") == pairs
    with pytest.raises(FileNotFoundError):
        again.structure("1330000002")


def test_a_key_pool_is_shared_but_certificates_are_not(tmp_path: Path) -> None:
    pki = TestPki.create(tmp_path, clock=FixedClock(), key_pool=1)
    first, second = pki.issue_structure("1330000001", "A"), pki.issue_structure("1330000002", "B")
    assert first.auth.key.read_bytes() == second.sign.key.read_bytes()
    assert leaf(first.auth).serial_number != leaf(second.auth).serial_number
    assert leaf(second.auth).subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "1330000002"
