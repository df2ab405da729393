"""Files for acts: deposited apart or inside the act, whose they are, how long they stay."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from gateway_world import PHARMACIST, World, act
from test_follow_up import common

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.states import Stage
from hub_gateway.handlers.attachments import AttachmentPurge
from hub_kit.blobs import BlobStore
from hub_kit.errors import HubError
from hub_kit.security.sealed import seal_place

DAY = 86_400.0
PDF = b"%PDF-1.4 MARQUE-DU-FICHIER " + b"x" * 2000


def document(external_id: str = "D-1", **file: Any) -> dict[str, Any]:
    return act(
        external_id, type="56445-0", content={"file": {"media_type": "application/pdf", **file}}, title="Bilan 2026"
    )


def inline(content: bytes = PDF) -> dict[str, str]:
    return {"data": base64.b64encode(content).decode()}


async def deposit(
    world: World, content: bytes = PDF, kind: str = "application/pdf", client: str = "lgo-officine"
) -> Any:
    headers = world.headers(client, **{"content-type": kind})
    return await world.client.post("/v1/attachments", content=content, headers=headers)


async def blobs_of(world: World) -> list[tuple[bytes, Any]]:
    rows = await world.admin.fetch("select id, purge_at from blob order by id")
    store = BlobStore(world.resources.keys)
    async with world.resources.pool.acquire() as connection:
        return [((await store.get(connection, row["id"])).content, row["purge_at"]) for row in rows]


async def sealed(world: World) -> Act:
    [sent] = await world.outbox("act.received.v1")
    place = seal_place("sealed_act", sent["key"])
    opened = await world.resources.sealer.open_(sent["event"]["sealed_act"], Act, place)
    assert isinstance(opened, Act)
    return opened


async def test_a_deposited_file_is_named_by_an_act_and_stays_with_it(world: World) -> None:
    kept = (await deposit(world)).json()
    assert (kept["size"], kept["media_type"]) == (len(PDF), "application/pdf")
    assert kept["sha256"] == hashlib.sha256(PDF).hexdigest()
    [(content, until)] = await blobs_of(world)
    assert (content, until) == (PDF, world.clock.now() + timedelta(days=3))
    answer = await world.post(document(attachment=kept["attachment_id"]))
    assert answer.status_code == 202, answer.text
    assert [purge_at for _, purge_at in await blobs_of(world)] == [None]
    assert (await sealed(world)).content.file.attachment == UUID(kept["attachment_id"])  # type: ignore[union-attr]


async def test_a_file_inside_an_act_becomes_a_deposit_and_never_travels(world: World) -> None:
    answer = await world.post(document(**inline()))
    assert answer.status_code == 202, answer.text
    file = (await sealed(world)).content.file  # type: ignore[union-attr]
    assert file.data is None
    assert [content for content, _ in await blobs_of(world)] == [PDF]
    again = await world.post(document(**inline()))
    assert again.json()["already_known"]
    assert again.json()["act_id"] == answer.json()["act_id"]
    assert len(await blobs_of(world)) == 1
    other = await world.post(document(**inline(PDF + b"!")))
    assert other.json()["code"] == "ACT_EXTERNAL_ID_REUSED"
    assert len(await blobs_of(world)) == 1


async def test_no_table_shows_the_file(world: World) -> None:
    await world.post(document(**inline()))
    for table in ("blob", "attachment", "outbox", "act"):
        rows = str(await world.admin.fetch(f'select t::text from "{table}" t'))
        assert "MARQUE" not in rows
        assert b"MARQUE".hex() not in rows


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("pas du base64 !", "ATTACHMENT_UNREADABLE"),
        ("JVBERi0", "ATTACHMENT_UNREADABLE"),  # cut
        (" \n", "ATTACHMENT_UNREADABLE"),
    ],
)
async def test_a_file_that_is_no_base64_is_refused_with_the_act(world: World, data: str, code: str) -> None:
    answer = await world.post(document(data=data) | {"author": {"id": "899999999998"}})
    assert answer.status_code == 422
    problems = {(p["code"], p["pointer"]) for p in answer.json()["problems"]}
    assert problems == {(code, "/content/file/data"), ("AUTHOR_UNKNOWN", "/author/id")}
    assert await blobs_of(world) == []


async def test_line_ends_in_base64_are_no_fault(world: World) -> None:
    lines = "\r\n".join(inline()["data"][i : i + 76] for i in range(0, len(inline()["data"]), 76))
    assert (await world.post(document(data=lines))).status_code == 202
    assert [content for content, _ in await blobs_of(world)] == [PDF]


async def test_nobody_names_a_file_of_another_account_or_one_that_is_gone(world: World) -> None:
    theirs = (await deposit(world, client="lgc-cabinet")).json()["attachment_id"]
    for attachment in (theirs, str(uuid4())):
        answer = await world.post(document(attachment=attachment))
        assert [(p["code"], p["pointer"]) for p in answer.json()["problems"]] == [
            ("ATTACHMENT_UNKNOWN", "/content/file/attachment")
        ]
    mine = (await deposit(world)).json()["attachment_id"]
    world.clock.advance(4 * DAY)
    assert await purge(world).turn() == 2
    assert (await world.post(document(attachment=mine))).json()["code"] == "ATTACHMENT_UNKNOWN"


async def test_a_known_act_sent_again_is_known_though_its_file_is_gone(world: World) -> None:
    attachment = (await deposit(world)).json()["attachment_id"]
    first = (await world.post(document(attachment=attachment))).json()
    await world.hear(
        ActRefused(**common(UUID(first["act_id"])), stage=Stage.DOCUMENT, code=ErrorCode.DOCUMENT_INVALID),
        stream="hub.document",
    )
    for _ in range(2):
        world.clock.advance(8 * DAY)
        await purge(world).turn()
    again = await world.post({"acts": [document(attachment=attachment), document("D-2", attachment=attachment)]})
    one, two = again.json()["verdicts"]
    assert (one["act_id"], one["already_known"]) == (first["act_id"], True)
    assert two["problem"]["code"] == "ATTACHMENT_UNKNOWN"


async def test_a_file_goes_seven_days_after_the_last_of_its_acts_ended(world: World) -> None:
    attachment = (await deposit(world)).json()["attachment_id"]
    acts = [(await world.post(document(f"D-{n}", attachment=attachment))).json()["act_id"] for n in (1, 2)]
    refused = [ActRefused(**common(UUID(a)), stage=Stage.DOCUMENT, code=ErrorCode.DOCUMENT_INVALID) for a in acts]
    await world.hear(refused[0], stream="hub.document")
    world.clock.advance(20 * DAY)
    assert await purge(world).turn() == 0  # the second act still needs it
    await world.hear(refused[1], stream="hub.document")
    world.clock.advance(6 * DAY)
    assert await purge(world).turn() == 0
    world.clock.advance(2 * DAY)
    assert await purge(world).turn() == 1
    async with world.resources.pool.acquire() as connection:
        with pytest.raises(HubError, match="DOCUMENT_GONE"):
            await BlobStore(world.resources.keys).get(connection, UUID(attachment))


def purge(world: World) -> AttachmentPurge:
    return AttachmentPurge(world.resources.pool, world.clock, BlobStore(world.resources.keys), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (PDF, "application/msword", 415, "ATTACHMENT_TYPE_UNSUPPORTED"),
        (b"texte", "text/plain; charset=iso-8859-1", 415, "ATTACHMENT_TYPE_UNSUPPORTED"),
        (b"", "application/pdf", 422, "ATTACHMENT_UNREADABLE"),
        (b"x" * 70_000, "application/pdf", 413, "REQUEST_TOO_LARGE"),
    ],
)
async def test_what_is_no_file_for_us_stays_outside(
    make_world: Any, content: bytes, kind: str, status: int, code: str
) -> None:
    world = await make_world(max_attachment_bytes=65_536)
    answer = await deposit(world, content, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await blobs_of(world) == []
    if status == 413:
        inside = await world.post(document(**inline(content)))
        assert [(p["code"], p["pointer"]) for p in inside.json()["problems"]] == [(code, "/content/file/data")]


async def test_a_deposit_needs_a_token_that_may_write(world: World) -> None:
    assert (await world.client.post("/v1/attachments", content=PDF)).status_code == 401
    headers = world.headers(scope="acts:read", **{"content-type": "application/pdf"})
    assert (await world.client.post("/v1/attachments", content=PDF, headers=headers)).status_code == 403
    assert (await deposit(world, b"texte", 'text/plain; charset="UTF-8"')).status_code == 201
    await world.admin.execute("update membership set until = '2026-02-01'")
    answer = await deposit(world)
    assert (answer.status_code, answer.json()["code"]) == (403, "STRUCTURE_NOT_MEMBER")


async def test_content_of_another_kind_than_the_type_is_refused(world: World) -> None:
    signs = {"kind": "signes_vitaux", "measures": [{"label": "Poids", "value": "72"}]}
    answer = await world.post(act(type="vaccination", content=signs))
    assert [(p["code"], p["pointer"]) for p in answer.json()["problems"]] == [("ACT_CONTENT_MISMATCH", "/content/kind")]
    assert (await world.post(act(type="signes_vitaux", content=signs))).status_code == 202


async def test_all_who_wrote_must_be_known_and_active(world: World) -> None:
    answer = await world.post(
        act(responsible={"id": PHARMACIST}, author={"id": "802345678904"}, co_authors=[{"id": "899999999998"}])
    )
    assert [(p["code"], p["pointer"]) for p in answer.json()["problems"]] == [
        ("AUTHOR_NOT_ACTIVE", "/author/id"),
        ("AUTHOR_UNKNOWN", "/co_authors/0/id"),
    ]
