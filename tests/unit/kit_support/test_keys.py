"""Keys, seals, signatures: what opens, what doesn't, what an error gives away."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hub_contracts.errors import ErrorCode
from hub_contracts.sealed import SealedModel
from hub_kit.errors import ConfigurationError
from hub_kit.security.aead import Box, Undecipherable, new_key
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper, make_kek_file
from hub_kit.security.sealed import Sealer, SealerNotReady, SealUnreadable, seal_place
from hub_kit.security.signer import SoftwareSigner, open_private_key, private_key_pem, seal_private_key
from hub_kit.security.tls import client_context_from_memory, kafka_client_context, load_chain_from_encrypted_file

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MARKED = "ZZMARQUEE"
PLACE = seal_place("sealed_entry", "act-1")


class Traits(SealedModel):
    """Something to seal."""

    name: str
    n: int = 0


class Shape(SealedModel):
    """Another shape."""

    other: str


class KeyringTable:
    """`hub_keyring.transit_key` in a dict, answering the four statements by their first words."""

    def __init__(self) -> None:
        self.rows: dict[date, bytes] = {}
        self.fetches = 0

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self

    async def execute(self, _query: str, day: date, wrapped: bytes, _now: datetime) -> None:
        self.rows.setdefault(day, wrapped)

    async def fetch(self, query: str, argument: Any, keep_days: int = 0) -> list[dict[str, Any]]:
        if "destroy_transit_keys" in query:
            gone = [day for day in self.rows if day < argument - timedelta(days=keep_days)]
            for day in gone:
                del self.rows[day]
            return [{"day": day} for day in gone]
        self.fetches += 1
        return [{"day": day, "wrapped": self.rows[day]} for day in argument if day in self.rows]


def keys_on(table: KeyringTable, kek: bytes) -> TransitKeys:
    return TransitKeys(cast(Any, table.acquire), FileKeyWrapper([kek]))


@pytest.fixture
def kek() -> bytes:
    return new_key()


@pytest.fixture
def table() -> KeyringTable:
    return KeyringTable()


async def test_a_seal_opens_in_another_process_and_only_in_its_place(table: KeyringTable, kek: bytes) -> None:
    sealer, other = Sealer(keys_on(table, kek)), Sealer(keys_on(table, kek))
    await sealer.ready(NOW)
    sealed = sealer.seal(Traits(name=MARKED), PLACE)
    assert sealed.startswith("20261124.")
    assert MARKED not in sealed
    assert sealer.seal(Traits(name=MARKED), PLACE) != sealed
    assert await other.open_(sealed, Traits, PLACE) == Traits(name=MARKED)
    for place in (seal_place("sealed_entry", "act-2"), seal_place("sealed_identity", "act-1")):
        with pytest.raises(SealUnreadable) as caught:
            await other.open_(sealed, Traits, place)
        assert caught.value.reason == "altered"
        assert caught.value.code is ErrorCode.SEAL_UNREADABLE


async def test_altered_malformed_and_wrong_shape_say_nothing_of_the_content(table: KeyringTable, kek: bytes) -> None:
    sealer = Sealer(keys_on(table, kek))
    await sealer.ready(NOW)
    day, nonce, text = sealer.seal(Traits(name=MARKED), PLACE).split(".")
    flipped = ("A" if text[0] != "A" else "B") + text[1:]
    cases = {
        f"{day}.{nonce}.{flipped}": "altered",
        f"{day}.{flipped[:16]}.{text}": "altered",
        f"{day}.{nonce}.": "altered",
        f"20261199.{nonce}.{text}": "malformed",
        f"{day}.{nonce}": "malformed",
        f"{day}.{nonce}.{MARKED}*": "malformed",
        "": "malformed",
        f"20261123.{nonce}.{text}": "key_destroyed",
    }
    for sealed, reason in cases.items():
        with pytest.raises(SealUnreadable) as caught:
            await sealer.open_(sealed, Traits, PLACE)
        assert caught.value.reason == reason, sealed
        assert MARKED not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(SealUnreadable) as caught:
        await sealer.open_(f"{day}.{nonce}.{text}", Shape, PLACE)
    assert caught.value.reason == "shape"


async def test_the_day_label_is_bound_too(table: KeyringTable, kek: bytes) -> None:
    keys = keys_on(table, kek)
    sealer = Sealer(keys)
    await sealer.ready(NOW)
    _, nonce, text = sealer.seal(Traits(name="x"), PLACE).split(".")
    table.rows[date(2026, 11, 25)] = FileKeyWrapper([kek]).wrap(b"k" * 32, "transit:2026-11-25")
    with pytest.raises(SealUnreadable):
        await sealer.open_(f"20261125.{nonce}.{text}", Traits, PLACE)


async def test_sealing_needs_ready_and_follows_the_day(table: KeyringTable, kek: bytes) -> None:
    sealer = Sealer(keys_on(table, kek))
    with pytest.raises(SealerNotReady):
        sealer.seal(Traits(name="x"), PLACE)
    await sealer.ready(NOW)
    fetches = table.fetches
    await sealer.ready(NOW + timedelta(hours=1))
    assert table.fetches == fetches, "the day's key is fetched once"
    await sealer.ready(NOW + timedelta(days=1))
    assert sealer.seal(Traits(name="x"), PLACE).startswith("20261125.")


async def test_many_are_opened_with_one_fetch_each_with_its_own_verdict(table: KeyringTable, kek: bytes) -> None:
    sealer = Sealer(keys_on(table, kek))
    sealed = []
    for days in range(3):
        await sealer.ready(NOW + timedelta(days=days))
        sealed.append(sealer.seal(Traits(name=str(days)), PLACE))
    del table.rows[date(2026, 11, 25)]
    reader = Sealer(keys_on(table, kek))
    before = table.fetches
    parts = [(part, Traits, PLACE) for part in [*sealed, "garbage"]]
    first, second, third, fourth = await reader.open_many(parts)
    assert table.fetches == before + 1
    assert (first, third) == (Traits(name="0"), Traits(name="2"))
    assert isinstance(second, SealUnreadable)
    assert second.reason == "key_destroyed"
    assert isinstance(fourth, SealUnreadable)
    assert fourth.reason == "malformed"


async def test_keys_older_than_retention_and_a_day_are_destroyed_and_forgotten(table: KeyringTable, kek: bytes) -> None:
    keys = keys_on(table, kek)
    sealer = Sealer(keys)
    await sealer.ready(NOW)
    sealed = sealer.seal(Traits(name="x"), PLACE)
    assert await keys.destroy_expired(NOW + timedelta(days=8)) == []
    assert await sealer.open_(sealed, Traits, PLACE) == Traits(name="x")
    assert await keys.destroy_expired(NOW + timedelta(days=9)) == [date(2026, 11, 24)]
    with pytest.raises(SealUnreadable) as caught:
        await sealer.open_(sealed, Traits, PLACE)
    assert caught.value.reason == "key_destroyed"


async def test_another_process_forgets_a_destroyed_key_when_it_takes_the_next_day(
    table: KeyringTable, kek: bytes
) -> None:
    reader = Sealer(keys_on(table, kek))
    await reader.ready(NOW)
    sealed = reader.seal(Traits(name="x"), PLACE)
    later = NOW + timedelta(days=9)
    await keys_on(table, kek).destroy_expired(later)
    await reader.ready(later)
    with pytest.raises(SealUnreadable):
        await reader.open_(sealed, Traits, PLACE)


async def test_another_kek_reads_nothing(table: KeyringTable, kek: bytes) -> None:
    await Sealer(keys_on(table, kek)).ready(NOW)
    with pytest.raises(Undecipherable, match="another KEK"):
        await Sealer(keys_on(table, new_key())).ready(NOW)


def test_wrapping_is_bound_to_its_context_and_survives_a_kek_change() -> None:
    old, new = new_key(), new_key()
    wrapped = FileKeyWrapper([old]).wrap(b"secret", "content:1")
    assert b"secret" not in wrapped
    both = FileKeyWrapper([new, old])
    assert both.unwrap(wrapped, "content:1") == b"secret"
    assert FileKeyWrapper([new]).unwrap(both.wrap(b"secret", "content:1"), "content:1") == b"secret"
    for bad, context in ((wrapped, "content:2"), (wrapped[:-1] + b"\0", "content:1"), (b"", "content:1")):
        with pytest.raises(Undecipherable):
            both.unwrap(bad, context)
    with pytest.raises(Undecipherable):
        FileKeyWrapper([new]).unwrap(wrapped, "content:1")


@pytest.mark.parametrize("content", ["", "not base64 !!", "c2hvcnQ=", "é"])
def test_a_bad_kek_file_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kek"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigurationError) as caught:
        FileKeyWrapper.from_file(file)
    assert not content or content not in str(caught.value)
    with pytest.raises(ConfigurationError):
        FileKeyWrapper.from_file(tmp_path / "absent")


def test_a_made_kek_file_works(tmp_path: Path) -> None:
    make_kek_file(tmp_path / "kek")
    wrapper = FileKeyWrapper.from_file(tmp_path / "kek")
    assert wrapper.unwrap(wrapper.wrap(b"x", "c"), "c") == b"x"
    assert len(base64.b64decode((tmp_path / "kek").read_text())) == 32


def test_a_box_wants_whole_keys_and_ciphertexts() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Box(b"short")
    box = Box(new_key())
    assert box.unpack(box.pack(b"x", b"a"), b"a") == b"x"
    for packed in (b"", b"\0" * 20, box.pack(b"x", b"b")):
        with pytest.raises(Undecipherable):
            box.unpack(packed, b"a")


def make_pair(key: Any = None, name: str = "structure") -> tuple[bytes, bytes]:
    """(certificate, key) in PEM, self-signed."""
    key = key or rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), pem


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    return make_pair()


@pytest.mark.parametrize(("name", "algorithm"), [("sha256", hashes.SHA256()), ("sha1", hashes.SHA1())])
def test_the_signer_signs_digests(pair: tuple[bytes, bytes], name: Any, algorithm: hashes.HashAlgorithm) -> None:
    signer = SoftwareSigner.from_pem(*pair, hash_name=name)
    digest = hashlib.new(name, b"manifest").digest()
    public = x509.load_der_x509_certificate(signer.certificate_der).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signer.sign(digest), digest, padding.PKCS1v15(), Prehashed(algorithm))
    with pytest.raises(ValueError, match="digest"):
        signer.sign(b"not a digest")


def test_the_signer_refuses_what_does_not_go_together(pair: tuple[bytes, bytes]) -> None:
    with pytest.raises(ConfigurationError, match="not that of"):
        SoftwareSigner.from_pem(pair[0], make_pair()[1])
    with pytest.raises(ConfigurationError, match="PEM"):
        SoftwareSigner.from_pem(b"x", pair[1])
    with pytest.raises(ConfigurationError, match="RSA"):
        SoftwareSigner.from_pem(*make_pair(ec.generate_private_key(ec.SECP256R1())))


def test_a_private_key_is_sealed_at_rest(pair: tuple[bytes, bytes]) -> None:
    wrapper = FileKeyWrapper([new_key()])
    sealed = seal_private_key(pair[1], wrapper, "structure-1/signature")
    opened = open_private_key(sealed, wrapper, "structure-1/signature")
    assert private_key_pem(opened) == pair[1]
    with pytest.raises(Undecipherable):
        open_private_key(sealed, wrapper, "structure-2/signature")
    with pytest.raises(ConfigurationError):
        seal_private_key(b"x", wrapper, "o")


def test_a_client_context_from_memory_leaves_no_file(
    pair: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    context = client_context_from_memory(*pair, pair[0])
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    load_chain_from_encrypted_file(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *pair)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigurationError):
        client_context_from_memory(pair[0], make_pair()[1], pair[0])
    with pytest.raises(ConfigurationError):
        client_context_from_memory(*pair, b"")


def test_missing_tls_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.pem"):
        kafka_client_context(tmp_path / "absent.pem")
