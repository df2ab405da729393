"""The internal CA: who is named, what is private, when it is renewed."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from hub_local.pki import LIFETIME, RENEW_BEFORE, SERVICES, InternalPki

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _leaf(pki: InternalPki, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.credential(name).certificate.read_bytes())


def test_one_certificate_for_each_service_the_administrator_and_the_broker(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW)
    names = (*SERVICES, "admin", "broker")
    assert pki.principals() == {name: f"User:{name}" for name in names}
    for name in names:
        common_name = _leaf(pki, name).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        assert common_name == name


def test_certificates_verify_as_server_and_as_client(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW, ["gateway"])
    authority = x509.load_pem_x509_certificate(pki.authority.read_bytes())
    policy = PolicyBuilder().store(Store([authority])).time(NOW)
    leaf = _leaf(pki, "gateway")
    policy.build_server_verifier(x509.DNSName("localhost")).verify(leaf, [])
    policy.build_client_verifier().verify(leaf, [])


def test_keys_are_private_unencrypted_pkcs8(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW)
    for key_file in tmp_path.glob("*.key"):
        raw = key_file.read_bytes()
        assert raw.startswith(b"-----BEGIN PRIVATE KEY-----")
        key = load_pem_private_key(raw, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_nothing_is_remade_while_it_is_good(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.pem")}
    pki.ensure(NOW + LIFETIME - RENEW_BEFORE - timedelta(days=1))
    assert {path: path.read_bytes() for path in tmp_path.glob("*.pem")} == before


def test_everything_is_renewed_when_the_authority_ends_soon(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.pem")}
    later = NOW + LIFETIME - RENEW_BEFORE + timedelta(days=1)
    pki.ensure(later)
    after = {path: path.read_bytes() for path in tmp_path.glob("*.pem")}
    assert after.keys() == before.keys()
    assert all(after[path] != before[path] for path in before)
    assert _leaf(pki, "gateway").not_valid_after_utc > later + RENEW_BEFORE


def test_a_name_never_issued_is_said(tmp_path: Path) -> None:
    pki = InternalPki(tmp_path)
    pki.ensure(NOW, ["gateway"])
    with pytest.raises(FileNotFoundError, match="stranger"):
        pki.credential("stranger")
