"""`odd_parent.py FOLDER REQUEST`: a service with a pool of two children, which prints their process ids and waits."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub_kit.children import ChildLimits, ChildPool


async def main(folder: str, request: str) -> None:
    argv = [sys.executable, str(Path(__file__).with_name("odd_child.py")), folder]
    pool = ChildPool("odd", argv, size=2, queue=1, limits=ChildLimits(seconds=3600))
    await pool.start()
    while pool.state().alive < 2:
        await asyncio.sleep(0.01)
    print(*pool.pids(), flush=True)
    if request:
        await pool.ask(request.encode())
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
