"""Children that die, hang, talk nonsense or are too many: one request fails, the others are answered."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from child_helpers import PROGRAM, MakePool, gone, until

from hub_kit.children import ChildEvent, ChildFailed, ChildLimits, ChildPool, ChildrenBusy, Failure

SECRET = b"DUPONT 180000000000000"


def kinds(events: list[ChildEvent]) -> list[str]:
    return [event.kind for event in events]


async def outcome(pool: ChildPool, request: bytes) -> bytes | Failure:
    try:
        return await pool.ask(request)
    except ChildFailed as failed:
        return failed.code


async def test_answers_come_back_to_whoever_asked(make_pool: MakePool) -> None:
    pool = await make_pool(size=2, queue=100)
    contents = [str(number).encode() * number * 50 for number in range(60)]
    assert await asyncio.gather(*(pool.ask(b"echo " + content) for content in contents)) == contents
    await until(lambda: pool.state().alive == 2)
    state = pool.state()
    assert (state.alive, state.answered, state.failed, state.restarts, state.waiting) == (2, 60, 0, 0, 0)
    assert state.resident > 2_000_000


async def test_a_killed_child_fails_one_request_and_the_others_go_on(make_pool: MakePool) -> None:
    pool = await make_pool(size=2, queue=100)
    asked = [asyncio.create_task(outcome(pool, b"echo %d" % number)) for number in range(40)]
    victim = asyncio.create_task(outcome(pool, b"die"))
    rest = [asyncio.create_task(outcome(pool, b"echo %d" % number)) for number in range(40, 80)]
    assert await victim is Failure.DIED
    assert await asyncio.gather(*asked, *rest) == [b"%d" % number for number in range(80)]
    await until(lambda: pool.state().alive == 2)
    assert (pool.state().restarts, pool.state().last_failure) == (1, Failure.DIED)


async def test_kill_9_from_outside_under_load(make_pool: MakePool) -> None:
    pool = await make_pool(size=2, queue=400)
    asked = [asyncio.create_task(outcome(pool, b"echo %d" % number)) for number in range(400)]
    await until(lambda: pool.state().answered > 50)
    os.kill(pool.pids()[0], signal.SIGKILL)
    results = await asyncio.gather(*asked)
    wrong = [(number, got) for number, got in enumerate(results) if got != b"%d" % number]
    assert len(wrong) <= 1
    assert all(got is Failure.DIED for _, got in wrong)


async def test_an_idle_child_that_dies_is_replaced(make_pool: MakePool) -> None:
    pool = await make_pool(size=1)
    first = pool.pids()[0]
    os.kill(first, signal.SIGKILL)
    await until(lambda: pool.state().alive and pool.pids()[0] != first)
    assert await pool.ask(b"echo again") == b"again"
    assert pool.state().restarts == 1


async def test_a_child_that_exits_during_a_request(make_pool: MakePool) -> None:
    pool = await make_pool(size=1)
    assert await outcome(pool, b"exit") is Failure.DIED
    assert await outcome(pool, b"echo again") == b"again"


async def test_a_hanging_child_is_killed_in_time(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, seconds=0.3)
    pid = pool.pids()[0]
    assert await outcome(pool, b"spin") is Failure.TIMED_OUT
    assert gone(pid)
    assert await outcome(pool, b"echo again") == b"again"


async def test_a_request_that_fails_is_the_requests_business(make_pool: MakePool) -> None:
    pool = await make_pool(size=1)
    with pytest.raises(ChildFailed) as caught:
        await pool.ask(b"raise " + SECRET)
    assert caught.value.code is Failure.REFUSED
    assert not caught.value.retryable
    assert b"DUPONT" not in repr((caught.value, caught.value.__dict__, caught.value.__context__)).encode()
    assert pool.state().restarts == 0


@pytest.mark.parametrize("size", [200_000, 20_000_000])
async def test_frames_that_are_too_large(make_pool: MakePool, size: int) -> None:
    pool = await make_pool(size=1, largest_answer=100_000, largest_request=50_000)
    assert await outcome(pool, b"echo " + b"x" * 49_990) == b"x" * 49_990
    assert await outcome(pool, b"echo " + b"x" * 50_000) is Failure.TOO_LARGE
    assert pool.state().restarts == 0
    assert await outcome(pool, b"large %d" % size) is Failure.GARBAGE
    assert await outcome(pool, b"echo again") == b"again"


async def test_a_child_that_gets_too_large_a_frame_ends(make_pool: MakePool) -> None:
    pool = await make_pool(size=1)  # the child takes a million bytes, the pool more
    assert await outcome(pool, b"echo " + b"x" * 2_000_000) is Failure.DIED
    assert await outcome(pool, b"echo again") == b"again"


async def test_what_a_child_prints_goes_nowhere(make_pool: MakePool, capfd: pytest.CaptureFixture[str]) -> None:
    pool = await make_pool(size=1)
    assert await pool.ask(b"print " + SECRET) == b"done"
    assert await outcome(pool, b"raise " + SECRET) is Failure.REFUSED
    assert await pool.ask(b"echo fine") == b"fine"
    await pool.close()
    assert capfd.readouterr() == ("", "")


async def test_the_queue_is_bounded(make_pool: MakePool, tmp_path: Path) -> None:
    pool = await make_pool(size=2, queue=3)
    tasks = [asyncio.create_task(outcome(pool, b"wait")) for _ in range(5)]
    await until(lambda: pool.state().working == 2)
    assert pool.state().waiting == 3
    with pytest.raises(ChildrenBusy):
        await pool.ask(b"echo " + SECRET)
    (tmp_path / "go").touch()
    assert await asyncio.gather(*tasks) == [b"done"] * 5
    assert await pool.ask(b"echo room") == b"room"
    assert pool.state().busy == 1


async def test_as_many_as_there_is_room_for_may_come_at_once(make_pool: MakePool) -> None:
    pool = await make_pool(size=2, queue=0)
    assert await asyncio.gather(pool.ask(b"echo 1"), pool.ask(b"echo 2")) == [b"1", b"2"]


async def test_who_waits_no_longer_takes_no_place(make_pool: MakePool, tmp_path: Path) -> None:
    pool = await make_pool(size=1, queue=1)
    working = asyncio.create_task(pool.ask(b"wait"))
    await until(lambda: pool.state().working == 1)
    waiting = asyncio.create_task(pool.ask(b"die"))
    await until(lambda: pool.state().waiting == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert pool.state().waiting == 0
    working.cancel()
    (tmp_path / "go").touch()
    assert await outcome(pool, b"echo mine") == b"mine"  # and not the answer to the request that was given up
    assert pool.state().restarts == 0


@pytest.mark.parametrize("start", ["exit", "garbage"])
async def test_a_program_that_never_gets_ready(make_pool: MakePool, start: str) -> None:
    with pytest.raises(ChildFailed) as caught:
        await make_pool(size=2, start=start)
    assert caught.value.code is Failure.NOT_STARTED
    assert caught.value.retryable


async def test_a_start_that_takes_too_long(make_pool: MakePool, tmp_path: Path) -> None:
    with pytest.raises(ChildFailed):
        await make_pool(start="hang", start_seconds=1)
    assert all(gone(int(pid)) for pid in (tmp_path / "starts").read_text().split())


async def test_no_program_at_all(tmp_path: Path) -> None:
    pool = ChildPool("none", [str(tmp_path / "none")], size=1, queue=1, limits=ChildLimits(seconds=1))
    with pytest.raises(ChildFailed):
        await pool.start()


async def test_no_storm_of_starts(make_pool: MakePool, tmp_path: Path, events: list[ChildEvent]) -> None:
    """Each start that fails doubles the wait before the next, and requests are told at once."""
    pool = await make_pool(size=1, start="exit-later", first_backoff=0.05, longest_backoff=20)
    (tmp_path / "broken").touch()
    waiting = asyncio.create_task(outcome(pool, b"die"))
    assert await waiting is Failure.DIED
    await until(lambda: len((tmp_path / "starts").read_text().split()) >= 4)
    assert await outcome(pool, b"echo now") is Failure.UNAVAILABLE
    assert pool.state().last_failure == Failure.NOT_STARTED
    before = len((tmp_path / "starts").read_text().split())
    await asyncio.sleep(0.8)
    assert len((tmp_path / "starts").read_text().split()) - before <= 2
    (tmp_path / "broken").unlink()
    await until(lambda: pool.state().alive)
    assert await outcome(pool, b"echo back") == b"back"
    assert kinds(events).count("restarted") == pool.state().restarts


async def test_a_child_ends_after_its_requests(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, queue=100, requests=10)
    pids = await asyncio.gather(*(pool.ask(b"pid") for _ in range(35)))
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [10, 10, 10, 5]
    state = pool.state()
    assert (state.recycled, state.restarts, state.failed) == (3, 0, 0)


async def test_one_child_at_a_time_is_recycled(make_pool: MakePool) -> None:
    pool = await make_pool(size=2, queue=0, requests=5)
    await until(lambda: pool.state().alive == 2)
    seen: set[bytes] = set()
    fewest = 2
    while len(seen) < 4:
        seen.add(await pool.ask(b"pid"))
        fewest = min(fewest, pool.state().alive)
    assert fewest == 1
    assert pool.state().failed == 0


async def test_a_child_that_grew_is_replaced(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, resident=150_000_000)
    first = pool.pids()
    assert await pool.ask(b"grow 1000") == b"done"
    assert pool.pids() == first
    assert await pool.ask(b"grow 200000000") == b"done"
    assert await pool.ask(b"echo 1") == b"1"
    assert pool.pids() != first
    assert pool.state().recycled == 1


async def test_the_kernel_limits_a_childs_memory(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, address_space=700_000_000)
    assert await outcome(pool, b"grow 2000000000") is Failure.REFUSED
    assert await outcome(pool, b"echo 1") == b"1"


async def test_closing_while_busy(make_pool: MakePool, tmp_path: Path) -> None:
    pool = await make_pool(size=1, queue=5)
    working = asyncio.create_task(outcome(pool, b"wait"))
    waiting = [asyncio.create_task(outcome(pool, b"echo 1")) for _ in range(3)]
    await until(lambda: (tmp_path / "waiting").exists())
    pid = pool.pids()[0]
    closing = asyncio.create_task(pool.close())
    assert await asyncio.gather(*waiting) == [Failure.CLOSED] * 3
    assert await outcome(pool, b"echo late") is Failure.CLOSED
    (tmp_path / "go").touch()
    assert await working == b"done"
    await closing
    assert gone(pid)
    assert pool.state().alive == 0


async def test_closing_while_a_child_hangs(make_pool: MakePool) -> None:
    pool = await make_pool(size=1, seconds=0.5)
    hanging = asyncio.create_task(outcome(pool, b"spin"))
    await until(lambda: pool.state().working)
    pid = pool.pids()[0]
    await pool.close()
    assert await hanging is Failure.TIMED_OUT
    assert gone(pid)


async def test_a_pool_that_was_not_started(make_pool: MakePool) -> None:
    pool = await make_pool(started=False)
    assert await outcome(pool, b"echo 1") is Failure.CLOSED
    await pool.close()


async def test_children_see_no_secret_of_the_service(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_MASTER_KEY", "secret")
    pool = await make_pool()
    seen = (await pool.ask(b"environment")).decode().split()
    assert not [name for name in seen if name.startswith("HUB_")]
    assert "PATH" in seen


@pytest.mark.parametrize("request_", ["spin", "wait", ""])
async def test_no_orphan_when_the_parent_is_killed(tmp_path: Path, request_: str) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, str(PROGRAM.with_name("odd_parent.py")), str(tmp_path), request_], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    try:
        children = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
        assert len(children) == 2
        if request_:
            await until(lambda: (tmp_path / {"spin": "spinning", "wait": "waiting"}[request_]).exists())
        assert not any(map(gone, children))
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    await until(lambda: all(map(gone, children)))
