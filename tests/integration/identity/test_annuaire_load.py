"""The annuaire loaded into PostgreSQL and published on hub.directory, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_identity.annuaire import AnnuaireFile, AnnuaireInvalid
from hub_identity.annuaire_store import Loaded, load_annuaire
from hub_identity.commands import add_commands
from hub_kit.ids import uuid7

from .conftest import IdentityService


def annuaire(**changes: Any) -> AnnuaireFile:
    structure: dict[str, Any] = {
        "identifiers": [{"value": "1330000001", "since": "2020-01-01"}],
        "name": "Pharmacie des Lilas",
        "sector": "SA33",
        "practice_setting": "AMBULATOIRE",
        "address": {"city": "Bordeaux"},
    }
    owner = {
        "id": "801234567897",
        "family_name": "LILAS",
        "given_name": "ANNE",
        "profession": "21",
        "exercises": [{"structure": "1330000001", "since": "2020-01-01"}],
    }
    return AnnuaireFile.model_validate({"structures": [structure | changes], "professionals": [owner]})


async def load(identity: IdentityService, what: AnnuaireFile) -> Loaded:
    async with identity.pool.acquire() as connection:
        return await load_annuaire(
            connection, what, identity.outbox, lambda: uuid7(identity.clock), identity.clock.now()
        )


async def test_a_load_publishes_and_a_second_one_does_nothing(identity: IdentityService) -> None:
    first = await load(identity, annuaire())
    structure, owner = await identity.emitted()
    assert isinstance(structure, StructurePublished)
    assert isinstance(owner, ProfessionalPublished)
    assert first.structures == [structure.structure_id] == [owner.exercises[0].structure_id]
    assert structure.structure_id.version == 7
    assert {r["topic"] for r in await identity.pool.fetch("select topic from outbox")} == {"hub.directory"}
    assert await load(identity, annuaire()) == Loaded()
    assert await identity.emitted() == []


async def test_a_change_keeps_the_structure_id(identity: IdentityService) -> None:
    (structure_id,) = (await load(identity, annuaire())).structures
    await identity.emitted()
    sold = [
        {"value": "1330000001", "since": "2020-01-01", "until": "2026-01-01"},
        {"value": "1330781055", "since": "2026-01-01"},
    ]
    assert (await load(identity, annuaire(identifiers=sold, name="Pharmacie du Parc"))).structures == [structure_id]
    (event,) = await identity.emitted()
    assert event.name == "Pharmacie du Parc"  # type: ignore[attr-defined]
    # from then on the new number alone finds it too
    assert (await load(identity, annuaire(identifiers=sold[1:]))).structures == [structure_id]


async def test_the_file_may_give_the_structure_id(identity: IdentityService) -> None:
    given = UUID("01900000-0000-7000-8000-000000000001")
    assert (await load(identity, annuaire(structure_id=str(given)))).structures == [given]


async def test_work_in_a_structure_nobody_knows_stores_nothing(identity: IdentityService) -> None:
    people = annuaire().model_copy(update={"structures": ()})
    with pytest.raises(AnnuaireInvalid, match="which nobody knows"):
        await load(identity, people)
    assert await identity.count("annuaire_professional") == 0
    assert await identity.emitted() == []


async def test_tables_hold_identifiers_and_exercises(identity: IdentityService) -> None:
    await load(identity, annuaire())
    assert await identity.count("annuaire_identifier") == 1
    assert await identity.count("annuaire_exercise") == 1


def test_the_command_loads_a_folder_and_names_what_is_wrong(
    tmp_path: Path, service_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_IDENTITY_DATABASE_URL", service_db.dsn)
    monkeypatch.setenv("HUB_IDENTITY_BLIND_INDEX_KEY", "A" * 43 + "=")
    app = typer.Typer()
    add_commands(app)
    app.callback()(lambda: None)
    _migrated(service_db.dsn)
    file = tmp_path / "annuaire.yaml"
    file.write_text(annuaire().model_dump_json(), encoding="utf-8")  # JSON is YAML
    run = CliRunner()
    assert "all good" in run.invoke(app, ["load-annuaire", str(tmp_path), "--check"]).output
    assert "1 structures and 1 professionals" in run.invoke(app, ["load-annuaire", str(tmp_path)]).output
    assert "0 structures and 0 professionals" in run.invoke(app, ["load-annuaire", str(tmp_path)]).output
    file.write_text("structures: 3", encoding="utf-8")
    wrong = run.invoke(app, ["load-annuaire", str(tmp_path)])
    assert wrong.exit_code == 65
    assert "annuaire.yaml" in wrong.output


def _migrated(dsn: str) -> None:
    import asyncio
    import threading

    from hub_kit.db import migrate

    thread = threading.Thread(target=lambda: asyncio.run(migrate(dsn, [("hub_identity", "migrations")])))
    thread.start()
    thread.join()
