"""The keyring, subject keys and the blobstore on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contracts.errors import ErrorCode
from hub_contracts.sealed import SealedModel
from hub_kit.blobs import BlobDamaged, BlobStore, NewBlob, content_ref
from hub_kit.clock import SystemClock, measure_skew
from hub_kit.db import Pool, migrate, open_pool
from hub_kit.errors import HubError
from hub_kit.ids import uuid7
from hub_kit.security.aead import Undecipherable, new_key
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer, SealUnreadable, seal_place
from hub_kit.security.subject_keys import SubjectKeyGone, SubjectKeys
from hub_kit.telemetry.health import skew_check

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MARKED = b"ZZMARQUEE " * 100


class Traits(SealedModel):
    """Something to seal."""

    name: str


@pytest.fixture
def wrapper() -> FileKeyWrapper:
    return FileKeyWrapper([new_key()])


@pytest.fixture
async def pool(service_db: Any) -> AsyncIterator[Pool]:
    opened = await open_pool(service_db.dsn, size=4, name="kit-test")
    yield opened
    await opened.close()


@pytest.fixture
async def keyring(service_db: Any) -> AsyncIterator[Pool]:
    opened = await open_pool(service_db.keyring_dsn, size=8, name="kit-test-keyring")
    yield opened
    await opened.close()


async def test_all_processes_get_the_same_key_when_they_start_the_day_together(
    keyring: Pool, wrapper: FileKeyWrapper
) -> None:
    sealers = [Sealer(TransitKeys(keyring.acquire, wrapper)) for _ in range(8)]
    await asyncio.gather(*(sealer.ready(NOW) for sealer in sealers))
    place = seal_place("sealed_entry", "act")
    sealed = [sealer.seal(Traits(name=str(n)), place) for n, sealer in enumerate(sealers)]
    opened = await sealers[0].open_many([(part, Traits, place) for part in sealed])
    assert opened == [Traits(name=str(n)) for n in range(8)]
    async with keyring.acquire() as conn:
        rows = await conn.fetch("select day, wrapped from hub_keyring.transit_key")
    assert [row["day"] for row in rows] == [date(2026, 11, 24)]


async def test_a_destroyed_day_is_gone_for_everybody_who_starts_afterwards(
    keyring: Pool, wrapper: FileKeyWrapper
) -> None:
    keys = TransitKeys(keyring.acquire, wrapper)
    sealer = Sealer(keys)
    await sealer.ready(NOW)
    sealed = sealer.seal(Traits(name="x"), "p")
    assert await keys.destroy_expired(NOW + timedelta(days=8)) == []
    assert await keys.destroy_expired(NOW + timedelta(days=9)) == [date(2026, 11, 24)]
    for reader in (sealer, Sealer(TransitKeys(keyring.acquire, wrapper))):
        with pytest.raises(SealUnreadable) as caught:
            await reader.open_(sealed, Traits, "p")
        assert caught.value.reason == "key_destroyed"


async def test_blobs_are_kept_encrypted_and_come_back_checked(pool: Pool, wrapper: FileKeyWrapper) -> None:
    store = BlobStore(wrapper)
    blobs = [NewBlob(uuid7(NOW), MARKED, "text/xml"), NewBlob(uuid7(NOW), b"", "application/pdf")]
    async with pool.acquire() as conn:
        refs = await store.put_many(conn, blobs, NOW)
        assert await store.put_many(conn, [], NOW) == []
        assert refs == [content_ref(blob) for blob in blobs]
        assert refs[0].sha256 == hashlib.sha256(MARKED).hexdigest()
        assert (refs[0].size, refs[0].media_type) == (len(MARKED), "text/xml")
        for blob, ref in zip(blobs, refs, strict=True):
            stored = await store.get(conn, blob.id)
            assert (stored.ref, stored.content) == (ref, blob.content)
            assert b"ZZMARQUEE" not in repr(stored).encode() + repr(blob).encode()
        assert not await conn.fetchval("select bool_or(position('ZZMARQUEE'::bytea in ciphertext) > 0) from blob")
        assert await conn.fetchval("select count(distinct wrapped) from content_key") == 2
        with pytest.raises(asyncpg.UniqueViolationError):
            await store.put_many(conn, blobs, NOW)
        with pytest.raises(HubError) as caught:
            await store.get(conn, uuid4())
        assert caught.value.code is ErrorCode.DOCUMENT_GONE


async def test_a_large_blob(pool: Pool, wrapper: FileKeyWrapper) -> None:
    store, content = BlobStore(wrapper), bytes(range(256)) * 8192
    async with pool.acquire() as conn:
        (ref,) = await store.put_many(conn, [NewBlob(uuid7(NOW), content, "application/pdf")], NOW)
        assert (await store.get(conn, ref.id)).content == content


async def test_a_purge_takes_bytes_and_key_and_leaves_the_proof(pool: Pool, wrapper: FileKeyWrapper) -> None:
    store = BlobStore(wrapper)
    blobs = [NewBlob(uuid7(NOW), MARKED, "text/xml") for _ in range(3)]
    ids = [blob.id for blob in blobs]
    async with pool.acquire() as conn:
        refs = await store.put_many(conn, blobs, NOW)
        await store.schedule_purge(conn, ids[:2], NOW + timedelta(days=7))
        assert await store.purge(conn, NOW + timedelta(days=6)) == []
        assert await store.purge(conn, NOW + timedelta(days=7), limit=1) != []
        assert len(await store.purge(conn, NOW + timedelta(days=7))) == 1
        assert await store.purge(conn, NOW + timedelta(days=365)) == []
        for gone in ids[:2]:
            with pytest.raises(HubError) as caught:
                await store.get(conn, gone)
            assert caught.value.code is ErrorCode.DOCUMENT_GONE
        assert (await store.get(conn, ids[2])).content == MARKED
        row = await conn.fetchrow("select * from blob where id = $1", ids[0])
        assert row is not None
        assert (row["sha256"].hex(), row["size"]) == (refs[0].sha256, len(MARKED))
        assert (row["ciphertext"], row["nonce"], row["content_key"]) == (None, None, None)
        assert await conn.fetchval("select count(*) from content_key") == 1


async def test_exchanged_or_altered_rows_do_not_pass(pool: Pool, wrapper: FileKeyWrapper) -> None:
    store = BlobStore(wrapper)
    first, second = (NewBlob(uuid7(NOW), content, "text/xml") for content in (b"one", b"two"))
    async with pool.acquire() as conn:
        await store.put_many(conn, [first, second], NOW)
        await conn.execute(
            "update blob set (ciphertext, nonce, content_key) = "
            "(select ciphertext, nonce, content_key from blob where id = $2) where id = $1",
            first.id,
            second.id,
        )
        with pytest.raises(BlobDamaged):
            await store.get(conn, first.id)
        await conn.execute("update blob set sha256 = $2 where id = $1", second.id, b"\0" * 32)
        with pytest.raises(BlobDamaged, match="hash"):
            await store.get(conn, second.id)


async def test_a_blob_goes_with_its_transaction(pool: Pool, wrapper: FileKeyWrapper) -> None:
    store, blob = BlobStore(wrapper), NewBlob(uuid7(NOW), b"x", "text/xml")
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await store.put_many(conn, [blob], NOW)
        await transaction.rollback()
        assert await conn.fetchval("select count(*) from content_key") == 0


async def test_subject_keys_are_one_per_patient_until_erased_for_ever(
    service_db: Any, pool: Pool, wrapper: FileKeyWrapper
) -> None:
    await migrate(service_db.dsn, [("hub_kit", "migrations/subjects")])
    keys = SubjectKeys(wrapper)
    one, two = UUID(int=1), UUID(int=2)
    async with pool.acquire() as conn:
        made = await keys.create(conn, [one, two, one], NOW)
        stored = made[one].pack(b"NESSI", b"birth_name")
        again = await keys.create(conn, [one], NOW)
        assert again[one].unpack(stored, b"birth_name") == b"NESSI"
        with pytest.raises(Undecipherable):
            (await keys.get(conn, two)).unpack(stored, b"birth_name")
        assert await keys.erase(conn, [one, UUID(int=3)], NOW) == [one]
        assert await keys.erase(conn, [one], NOW) == []
        with pytest.raises(SubjectKeyGone):
            await keys.get(conn, one)
        with pytest.raises(SubjectKeyGone):
            await keys.create(conn, [one, two], NOW)
        assert (await keys.get_many(conn, [one, two])).keys() == {two}


async def test_the_skew_check_compares_process_and_database(pool: Pool) -> None:
    class Wrong(SystemClock):
        def now(self) -> datetime:
            return super().now() - timedelta(minutes=10)

    async with pool.acquire() as conn:
        assert abs(await measure_skew(conn, Wrong()) - 600) < 60
    assert await skew_check(pool.acquire, SystemClock())() is None
    problem = await skew_check(pool.acquire, Wrong())()
    assert problem is not None
    assert "clock skew +600" in problem or "clock skew +599" in problem
