"""A document goes to a strict simulated DMP, over real TLS, and each way it can end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from publisher_world import IDENTITY, PATIENT_MATRICULE, PHARMACY, World, other_patient, pharmacist, pharmacy

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.states import Stage
from hub_simulators.dmp.behaviours import Action


def names(told: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in told]


async def test_a_document_is_published_and_confirmed(world: World) -> None:
    event = await world.built()
    assert await world.turn() == 1
    told = await world.told(event.act_id)
    assert names(told) == ["publication.confirmed"]
    assert (told[0][1]["document_unique_id"], told[0][1]["found"]) == (event.document_unique_id, False)
    assert world.stored(event.document_unique_id) == 1
    assert world.operations() == ["td0.2", "td2.1"]


async def test_the_row_keeps_proof_and_forgets_the_patient_once_final(world: World) -> None:
    event = await world.built()
    await world.turn()
    row = await world.pool.fetchrow("select * from publication")
    assert (row["status"], row["entry_key"], row["sealed_entry"], row["claimed_at"]) == ("confirmed", None, None, None)
    evidence = await world.pool.fetch("select transaction, outcome, http_status from exchange order by sent_at")
    assert [tuple(r) for r in evidence] == [("TD0.2", "ok", 200), ("TD2.1", "ok", 200)]
    for table in ("publication", "exchange", "outbox", "work_item"):
        text = await world.pool.fetchval(f"select string_agg(t::text, ' ') from {table} t")
        for secret in (PATIENT_MATRICULE, IDENTITY.birth_name, IDENTITY.local_id):
            assert secret not in (text or ""), table
    sent = await world.pool.fetchval("select string_agg(convert_from(data, 'utf8'), ' ') from outbox")
    assert PATIENT_MATRICULE not in sent
    assert str(event.act_id) in sent


async def test_what_waits_is_kept_encrypted(world: World) -> None:
    world.script(Action.HTTP_ERROR, "td0.2", status=503)
    await world.built()
    await world.turn()
    row = await world.pool.fetchrow("select * from publication")
    assert row["status"] == "to_send"
    assert row["sealed_entry"] is not None
    assert PATIENT_MATRICULE.encode() not in bytes(row["sealed_entry"])


@pytest.mark.parametrize(
    ("patient", "code", "upstream"),
    [
        ({"dmp": "none"}, "DMP_ABSENT", "NF"),
        ({"dmp": "terminated"}, "DMP_CLOSED", "terminated"),
        ({"authorisation": "INTERDIT"}, "DMP_ACCESS_BLOCKED", "INTERDIT"),
    ],
)
async def test_td02_keeps_a_document_out(world: World, patient: dict[str, str], code: str, upstream: str) -> None:
    await world.set_patient(PATIENT_MATRICULE, **patient)
    event = await world.built()
    await world.turn()
    ((name, data),) = await world.told(event.act_id)
    assert (name, data["code"], data["excluded"], data["upstream_code"]) == ("act.refused", code, True, upstream)
    assert world.operations() == ["td0.2"]
    assert world.documents.asked == 0


async def test_an_opposition_heard_before_the_send_stops_it(world: World) -> None:
    event = await world.built()
    await world.oppose(event.patient_id)
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert (data["code"], data["excluded"]) == ("AUTHORISATION_STOPPED", True)
    assert world.operations() == ["td0.2"]


async def test_an_authorisation_that_aged_goes_back_and_its_renewal_resumes_the_send(world: World) -> None:
    event = await world.built(valid_until=world.clock.now() - timedelta(seconds=1))
    await world.turn()
    assert names(await world.told(event.act_id)) == ["authorisation.expired"]
    assert await world.status(event.act_id) == "awaiting_authorisation"
    assert world.operations() == []
    await world.renew(event, world.clock.now() + timedelta(hours=1))
    await world.turn()
    assert names(await world.told(event.act_id)) == ["authorisation.expired", "publication.confirmed"]


async def test_a_renewal_that_is_refused_ends_the_publication_and_forgets_the_patient(world: World) -> None:
    event = await world.built(valid_until=world.clock.now() - timedelta(seconds=1))
    other = await world.built()
    await world.turn()
    for one in (event, other):
        refused = ActRefused(
            act_id=one.act_id, version=1, structure_id=PHARMACY, stage=Stage.CONSENT, code=ErrorCode.PATIENT_OPPOSED,
            excluded=True,
        )  # fmt: skip
        await world.deliver("hub.alimentation", refused)
    await world.turn("ending")
    row = await world.pool.fetchrow(
        "select status, code, entry_key, sealed_entry from publication where act_id = $1", event.act_id
    )
    assert tuple(row) == ("excluded", "PATIENT_OPPOSED", None, None)
    assert await world.status(other.act_id) == "confirmed"
    assert names(await world.told(event.act_id)) == ["authorisation.expired"]


async def test_a_renewal_of_an_unknown_or_finished_document_changes_nothing(world: World) -> None:
    event = await world.built()
    await world.turn()
    await world.renew(event, world.clock.now() + timedelta(hours=1))
    await world.renew(await world.note(), world.clock.now() + timedelta(hours=1))
    await world.turn()
    assert names(await world.told()) == ["publication.confirmed"]
    assert await world.pool.fetchval("select count(*) from work_item") == 0


async def test_past_its_deadline_a_document_is_not_sent(world: World) -> None:
    event = await world.built(expires_at=world.clock.now())
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert (data["code"], await world.status(event.act_id)) == ("SEND_DEADLINE_PASSED", "expired")
    assert world.operations() == []


async def test_a_registry_refusal_is_final_and_keeps_the_dmps_code(world: World) -> None:
    world.script(Action.REGISTRY_ERROR, code="DMPFragmentCVAError", text=f"texte libre {PATIENT_MATRICULE}")
    event = await world.built()
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert (data["code"], data["upstream_code"]) == ("DMP_VACCINATION_DUPLICATE", "DMPFragmentCVAError")
    assert PATIENT_MATRICULE not in str(data)


async def test_a_retryable_registry_error_is_told_once_then_sent_again(world: World) -> None:
    world.script(Action.REGISTRY_ERROR, code="XDSRegistryBusy", count=2)
    event = await world.built()
    for _ in range(4):
        await world.turn()
        world.clock.advance(6)
    assert names(await world.told(event.act_id)) == ["publication.postponed", "publication.confirmed"]
    assert world.stored(event.document_unique_id) == 1


async def test_the_structure_the_dmp_refuses_is_paused_and_the_others_go_on(world: World) -> None:
    other = UUID(int=0x1330000002)
    await world.publish_directory(pharmacy(other, "1330000002"), pharmacist(other, "801234567897"))
    await world.give_identity(other, "1330000002")
    world.script(Action.FAULT, "td0.2", text="Erreur d'authentification de la personne morale", structure="1330000001")
    held = await world.built()
    await world.turn()
    ((_, data),) = await world.told(held.act_id)
    assert data["code"] == "DMP_STRUCTURE_REFUSED"
    assert await world.pool.fetchval("select reason from lane_pause where lane = $1", str(PHARMACY)) == data["code"]
    later = await world.built()
    world.clock.advance(10)
    assert await world.turn() == 0
    assert await world.told(later.act_id) == []


async def test_bytes_that_document_builder_lost_refuse_the_act(world: World) -> None:
    event = await world.built()
    world.documents.kept.clear()
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert data["code"] == "DOCUMENT_GONE"


async def test_document_builder_down_postpones(world: World) -> None:
    world.documents.status = 503
    event = await world.built()
    await world.turn()
    ((name, data),) = await world.told(event.act_id)
    assert (name, data["code"]) == ("publication.postponed", "UPSTREAM_UNAVAILABLE")
    world.documents.status = 200
    world.clock.advance(5)
    await world.turn()
    assert world.stored(event.document_unique_id) == 1


async def test_altered_bytes_never_leave(world: World) -> None:
    event = await world.built()
    world.documents.kept = {key: value[:-1] + b" " for key, value in world.documents.kept.items()}
    await world.turn()
    ((name, _),) = await world.told(event.act_id)
    assert name == "act.blocked"
    assert world.operations() == ["td0.2"]


async def test_an_author_the_directory_lacks_is_waited_for(world: World) -> None:
    event = await world.built(author_id="810000000004")
    await world.turn()
    ((_, data),) = await world.told(event.act_id)
    assert data["code"] == "AUTHOR_UNKNOWN"
    await world.publish_directory(pharmacist(PHARMACY, "810000000004"))
    world.clock.advance(5)
    await world.turn()
    assert world.operations()[:1] == ["td0.2"]


async def test_a_sealed_part_that_cannot_be_opened_blocks_the_act(world: World) -> None:
    event = await world.built(act_id=uuid4())
    await world.turn()
    assert names(await world.told(event.act_id)) == ["act.blocked"]


async def test_documents_of_several_structures_use_their_own_certificates(world: World) -> None:
    other = UUID(int=0x1330000002)
    await world.publish_directory(pharmacy(other, "1330000002"))
    await world.give_identity(other, "1330000002")
    await world.built(identity=other_patient(1))
    await world.built(identity=other_patient(2), structure_id=other, struct_id="1330000002")
    await world.turn()
    seen = {(r.client_structure, str(r.operation)) for r in world.simulator.recorder.listing()}
    assert {("1330000001", "td2.1"), ("1330000002", "td2.1")} <= seen
    assert names(await world.told()) == ["publication.confirmed"] * 2


async def test_two_documents_at_once_both_end(world: World) -> None:
    events = [await world.built(identity=other_patient(n)) for n in range(8)]
    while await world.turn():
        pass
    assert [world.stored(e.document_unique_id) for e in events] == [1] * 8
    assert names(await world.told()) == ["publication.confirmed"] * 8
