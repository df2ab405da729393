"""Children that are slow, dead or broken by a document: documents wait or are told as bugs, none is sent unchecked."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from document_people import NOW, act, structure

from hub_contracts.acts import Act
from hub_contracts.events.directory import Mode
from hub_document_builder.handlers.preview import AT_ONCE, PreviewRequest
from hub_document_builder.upstreams import schematrons as module
from hub_document_builder.upstreams.press import FileUnusable, Press, PressBusy
from hub_document_builder.upstreams.schematrons import ChecksUnavailable, Schematrons, State, lacking
from hub_document_builder.workers.jobs import ExamineJob
from hub_kit.children import ChildFailed, ChildLimits, ChildPool
from hub_kit.errors import HubError
from hub_local import documents

from .conftest import BuilderService
from .test_document_flow import ALIMENTATION, PHARMACY

CHILD = """
import os, sys, time
from hub_kit.children.child import serve
def handle(request):
    if request == b"die":
        os._exit(1)
    if b"hang" in request:
        time.sleep(60)
    return b'{"rules":"r","schematrons":["s"],"findings":%s}'
serve(handle)
"""


def pool(seconds: float = 30.0, findings: str = "[]", queue: int = 4) -> ChildPool:
    """A real child that dies or hangs when asked to."""
    argv = (sys.executable, "-c", CHILD.replace("%s", findings))
    return ChildPool("checker", argv, size=1, queue=queue, limits=ChildLimits(seconds=seconds))


async def ready(made: ChildPool, patience: float = 60.0) -> Schematrons:
    await made.start()
    schematrons = Schematrons(Path("nowhere"), Path("nowhere"), lambda _: made, patience)
    schematrons.pool, schematrons.state = made, State.READY
    return schematrons


async def test_a_document_that_kills_or_hangs_the_checker_is_told_as_a_bug() -> None:
    schematrons = await ready(made := pool(seconds=0.3))
    for document in (b"die", b"hang"):
        with pytest.raises(ChildFailed):
            await schematrons.errors(document)
    assert await schematrons.errors(b"good") == ()
    await made.close()


async def test_a_document_behind_slow_ones_waits_and_is_no_bug() -> None:
    schematrons = await ready(made := pool(seconds=30.0), patience=0.2)
    slow = asyncio.create_task(made.ask(b"hang"))
    await asyncio.sleep(0)
    with pytest.raises(ChecksUnavailable) as error:
        await schematrons.errors(b"good")
    assert error.value.busy
    press = Press(made, patience=0.2)
    with pytest.raises(PressBusy):
        await press.examine(b"x", ExamineJob("text/plain", "t", "a", NOW, "2.25.1"))
    slow.cancel()
    await made.close()
    with pytest.raises(ChecksUnavailable):
        await schematrons.errors(b"good")


async def test_a_file_that_no_child_survives_is_refused() -> None:
    made = pool(seconds=0.3)
    await made.start()
    with pytest.raises(FileUnusable, match="FILE_UNREADABLE"):
        await Press(made).examine(b"hang", ExamineJob("text/plain", "t", "a", NOW, "2.25.1"))
    await made.close()


async def test_a_document_whose_schematron_is_not_installed_waits() -> None:
    finding = json.dumps([["VOLET_WITHOUT_SCHEMATRON", "warning", "", "/ClinicalDocument/templateId", "t", "", ""]])
    schematrons = await ready(made := pool(findings=finding))
    with pytest.raises(ChecksUnavailable) as error:
        await schematrons.errors(b"good")
    assert not error.value.busy
    await made.close()


@pytest.mark.ans
async def test_rules_without_a_model_of_ours_are_told(ans_dir: Path, rules_cache: Path, tmp_path: Path) -> None:
    installed = await module.install(ans_dir, rules_cache, asyncio.Event())
    assert installed is not None
    assert lacking(installed.folder) == ()
    manifest = json.loads((installed.folder / "manifest.json").read_text())
    manifest["schematrons"] = [s for s in manifest["schematrons"] if "TROD" not in s["name"]]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert lacking(tmp_path) == ("1.2.250.1.213.1.1.1.59 2024.01",)


@pytest.mark.ans
async def test_a_cache_that_is_lost_is_installed_anew(
    ans_dir: Path, rules_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = await module.install(ans_dir, rules_cache, asyncio.Event())
    assert installed is not None
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(module, "HOPELESS_SECONDS", 0.2)
    pools: list[ChildPool] = []

    def make(_folder: Path) -> ChildPool:
        pools.append(pool())
        return pools[-1]

    cache = tmp_path / "cache"
    shutil.copytree(installed.folder, cache / installed.folder.name)
    schematrons = Schematrons(ans_dir, cache, make)
    running = asyncio.create_task(schematrons.run())
    async with asyncio.timeout(60):
        while schematrons.state is not State.READY:
            await asyncio.sleep(0.02)
        await pools[0].close()  # no child is left, and none comes back
        while len(pools) < 2 or schematrons.state is not State.READY:
            await asyncio.sleep(0.02)
    assert schematrons.problem() is None
    schematrons.stop()
    await running


async def test_a_structure_in_production_waits_for_the_official_rules(builder: BuilderService) -> None:
    await builder.learn_directory()
    await builder.handle("hub.directory", structure().model_copy(update={"mode": Mode.PRODUCTION}))
    await builder.handle(ALIMENTATION, await builder.authorised())
    assert await builder.emitted() == []
    row = await builder.pool.fetchrow("select state, last_code, not_before from work_item")
    assert (row["state"], row["last_code"]) == ("waiting", "DOCUMENT_RULES_UNAVAILABLE")
    assert row["not_before"] - builder.clock.now() == timedelta(minutes=5)


async def test_previews_leave_room_for_documents(builder: BuilderService) -> None:
    await builder.learn_directory()
    document = act().model_dump(mode="json") | {"type": "entretien_pharmaceutique", "content": documents.interview()}
    asked = PreviewRequest(structure_id=PHARMACY, act=Act.model_validate({**document, "title": None}))
    for _ in range(AT_ONCE):
        await builder.previews.room.acquire()
    with pytest.raises(HubError, match="SERVICE_UNAVAILABLE") as error:
        await builder.previews.preview(asked)
    assert error.value.headers["retry-after"] == "2"
    builder.previews.room.release()
    assert (await builder.previews.preview(asked)).pdf is not None
