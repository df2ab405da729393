"""What of the database provisioning needs no server."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest

from hub_local.databases import _address, _plain
from hub_local.errors import SettingsRefused
from hub_local.infra import ExistingKafka, LocalInfra
from hub_local.layout import Layout
from hub_local.scram import scram_verifier


def test_the_verifier_agrees_with_the_example_of_rfc_7677() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    server_key = base64.b64decode(scram_verifier("pencil", salt).rpartition(":")[2])
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    signature = hmac.digest(server_key, message.encode(), "sha256")
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_a_fresh_salt_each_time() -> None:
    assert scram_verifier("pencil") != scram_verifier("pencil")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://postgres:a%40b@127.0.0.1:5433/postgres", "postgresql://r:p@127.0.0.1:5433/hub"),
        ("postgresql://db.example/postgres?sslmode=require", "postgresql://r:p@db.example/hub?sslmode=require"),
        ("postgresql://admin@[::1]:5432/", "postgresql://r:p@[::1]:5432/hub"),
    ],
)
def test_addresses_keep_server_and_options(url: str, expected: str) -> None:
    assert _address(url, "hub", "r:p") == expected


@pytest.mark.parametrize("name", ["", "Hub", "hub-1", 'hub"; drop database x', "1hub", "h" * 64])
def test_only_plain_identifiers_reach_a_statement(name: str) -> None:
    with pytest.raises(ValueError, match="plain identifier"):
        _plain([name])


def test_an_existing_kafka_needs_its_certificates(tmp_path: Path) -> None:
    assert ExistingKafka.from_environment({}) is None
    with pytest.raises(SettingsRefused, match=r"HUB_KAFKA_CA, HUB_KAFKA_ADMIN_CERT, HUB_KAFKA_ADMIN_KEY"):
        LocalInfra(Layout.at(tmp_path), environ={"HUB_KAFKA_BOOTSTRAP": "kafka.example:9093"})


def test_attaching_needs_both_addresses(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="HUB_KAFKA_BOOTSTRAP and HUB_DATABASE_URL"):
        LocalInfra(Layout.at(tmp_path), environ={"HUB_DATABASE_URL": "postgresql://x/y"}, shared=True)


def test_a_facade_that_was_not_started_says_so(tmp_path: Path) -> None:
    infra = LocalInfra(Layout.at(tmp_path / "d"), environ={})
    with pytest.raises(RuntimeError, match="not started"):
        _ = infra.kafka_bootstrap
    infra.stop()
    assert not (tmp_path / "d").exists()
