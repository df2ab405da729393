"""Certificates of structures: missing, expired, renewed, refused by the DMP; and the clock that everything rests on."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from publisher_world import PHARMACY, STRUCT_ID, World, pharmacy

from hub_dmp_publisher.commands import import_folder, import_identity
from hub_dmp_publisher.identities import Kind
from hub_kit.errors import ConfigurationError
from hub_simulators.dmp.behaviours import Action
from hub_simulators.pki import TestPki


async def reason(world: World, structure: UUID = PHARMACY) -> Any:
    return await world.pool.fetchval("select reason from lane_pause where lane = $1", str(structure))


async def test_without_a_certificate_the_lane_waits_and_the_import_reopens_it(world: World) -> None:
    await world.pool.execute("delete from tls_identity")
    event = await world.built()
    await world.turn()
    ((name, data),) = await world.told(event.act_id)
    assert (name, data["code"]) == ("publication.postponed", "CERTIFICATE_MISSING")
    assert await reason(world) == "CERTIFICATE_MISSING"
    await world.give_identity(PHARMACY, STRUCT_ID)
    assert await reason(world) is None
    world.clock.advance(5)
    await world.turn()
    assert world.stored(event.document_unique_id) == 1


async def test_an_expired_certificate_pauses_and_a_new_one_reopens(world: World) -> None:
    await world.pool.execute("delete from tls_identity")
    now = world.clock.now()
    await world.give_identity(
        PHARMACY, STRUCT_ID, "old", not_before=now - timedelta(days=30), not_after=now - timedelta(minutes=1)
    )
    event = await world.built()
    await world.turn()
    assert await reason(world) == "CERTIFICATE_EXPIRED"
    assert world.operations() == []
    await world.give_identity(PHARMACY, STRUCT_ID, "new")
    world.clock.advance(5)
    await world.turn()
    assert world.stored(event.document_unique_id) == 1


async def test_a_lane_that_a_person_paused_is_not_reopened_by_an_import(world: World) -> None:
    await world.pool.execute(
        "insert into lane_pause values ($1, 'CERTIFICATE_MISSING', 'operator', $2)", str(PHARMACY), world.clock.now()
    )
    await world.give_identity(PHARMACY, STRUCT_ID)
    assert await reason(world) == "CERTIFICATE_MISSING"


async def test_a_new_certificate_is_used_without_a_restart_and_a_doubt_keeps_the_old_signature(world: World) -> None:
    world.script(Action.RESET)
    event = await world.built()
    await world.turn()
    await world.give_identity(PHARMACY, STRUCT_ID, "renewed")
    world.clock.advance(4.2)
    await world.turn()
    assert world.stored(event.document_unique_id) == 1
    first, second = (r.body for r in world.simulator.recorder.listing() if r.operation == "td2.1")
    assert (
        first[first.index(b"<Signature ") :].split(b"</Signature>")[0]
        == (second[second.index(b"<Signature ") :].split(b"</Signature>")[0])
    )
    assert len(world.publish.road._opener._opened) == 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_that_the_dmp_refuses_pauses_the_lane(
    world: World, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """The alert comes in the handshake in TLS 1.2, after the request in TLS 1.3: the structure is held either way."""
    stranger = TestPki.create(tmp_path / "stranger")
    with refusing_server(world.pki, stranger, version) as url:
        world.settings = world.settings.model_copy(update={"dmp_url": url})
        await world.restart()
        event = await world.built()
        await world.turn()
    ((name, data),) = await world.told(event.act_id)
    assert (name, data["code"]) == ("publication.postponed", "DMP_STRUCTURE_REFUSED")
    assert await reason(world) == "DMP_STRUCTURE_REFUSED"
    assert world.connections.breaker.state == "closed"


@contextlib.contextmanager
def refusing_server(pki: TestPki, trusted: TestPki, version: ssl.TLSVersion) -> Iterator[str]:
    """A TLS server that takes only certificates of another authority, and says so by an alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(trusted.trust_file)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                plain.settimeout(5)
                tls = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                with contextlib.suppress(OSError):
                    tls.do_handshake()
                with contextlib.suppress(OSError):  # lets the alert be read before the connection goes
                    raw = socket.socket(fileno=tls.detach())
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass
                    raw.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(6)


async def test_a_dmp_of_another_authority_gets_nothing(world: World, tmp_path: Path) -> None:
    other = TestPki.create(tmp_path / "other")
    world.settings = world.settings.model_copy(update={"dmp_ca_file": other.trust_file})
    await world.restart()
    event = await world.built()
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert data["code"] == "DMP_UNREACHABLE"
    assert world.operations() == []


async def test_a_certificate_of_another_structure_is_refused_at_import(world: World) -> None:
    issued = world.pki.issue_structure("1330000009", "AUTRE")
    pems = {Kind.AUTH: (issued.auth.certificate.read_bytes(), issued.auth.key.read_bytes())}
    async with world.pool.acquire() as connection:
        with pytest.raises(ConfigurationError, match="OU"):
            await import_identity(connection, world.resources.keys, world.clock, PHARMACY, STRUCT_ID, pems)


async def test_a_folder_of_certificates_is_imported_and_strangers_are_named(world: World) -> None:
    second = UUID(int=0x1330000002)
    await world.publish_directory(pharmacy(second, "1330000002"))
    for struct_id in ("1330000001", "1330000002", "1330000007"):
        world.pki.issue_structure(struct_id, "PHARMACIE")
    async with world.pool.acquire() as connection:
        count, strangers = await import_folder(
            connection, world.resources.keys, world.clock, world.pki.directory / "structures"
        )
    assert count == 2
    assert "1330000007" in strangers
    assert await world.pool.fetchval("select count(*) from tls_identity where structure_id = $1", second) == 2


async def test_private_keys_are_stored_wrapped(world: World) -> None:
    rows = await world.pool.fetch("select sealed_key, certificate_pem from tls_identity")
    assert len(rows) == 2
    for row in rows:
        assert b"PRIVATE" not in bytes(row["sealed_key"])
        assert "PRIVATE" not in row["certificate_pem"]


async def test_a_clock_off_by_ten_minutes_sends_nothing_and_shows_in_readiness(world: World) -> None:
    world.connections.skew.saw(world.clock.now() + timedelta(minutes=10), world.clock.now())
    assert "CLOCK_SKEW" in (await world.health()).problems["dmp_clock"]
    world.clock.skew = timedelta(minutes=10)
    event = await world.built()
    await world.turn()
    ((name, data),) = await world.told(event.act_id)
    assert (name, data["code"]) == ("publication.postponed", "CLOCK_SKEW")
    assert world.operations() == ["td0.2"]
    world.clock.skew = timedelta()
    world.clock.advance(1)
    await world.pool.execute("update work_item set not_before = $1", world.clock.now())
    await world.turn()
    assert world.stored(event.document_unique_id) == 1
    assert "dmp_clock" not in (await world.health()).problems
