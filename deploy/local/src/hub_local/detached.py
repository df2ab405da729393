"""A supervisor that stays when the command that started it returns (`make up`), and how it is stopped (`make down`)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from hub_local.errors import LocalError, ProcessFailed
from hub_local.layout import Layout

LOG = "supervisor"
POLL_SECONDS = 0.1
STOP_SECONDS = 120.0
TAIL_LINES = 20


def start_detached(argv: Sequence[str], layout: Layout, *, seconds: float) -> int:
    """Run `argv`, a supervisor of this data directory, in a session of its own; its process id once it is ready.

    Ready means that it has called `LocalInfra.announce_ready`. Its output goes to `logs/supervisor.log`.
    Raises ProcessFailed with the log's end when it ends first or takes longer than `seconds` (it is then stopped).
    """
    layout.create()
    log_file = layout.logs / f"{LOG}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    deadline = time.monotonic() + seconds
    while not is_ready(layout, process.pid):
        if process.poll() is not None:
            raise ProcessFailed(f"the supervisor ended at once; {log_file} ends:\n{_tail(log_file)}")
        if time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise ProcessFailed(f"not ready after {seconds:g} s; {log_file} ends:\n{_tail(log_file)}")
        time.sleep(POLL_SECONDS)
    return process.pid


def is_ready(layout: Layout, pid: int) -> bool:
    """True once that supervisor has announced that everything of its run works."""
    run = layout.read_run()
    return run.get("pid") == pid and bool(run.get("ready"))


def stop_detached(layout: Layout) -> bool:
    """Stop the supervisor of this data directory and wait until its last process is gone; False when none ran.

    Raises LocalError when it is still there after two minutes.
    """
    if not layout.is_running():
        return False
    pid = layout.running_supervisor()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while layout.is_running():
        if time.monotonic() > deadline:
            raise LocalError(f"the supervisor of {layout.data} (process {pid}) does not stop: see {layout.logs}")
        time.sleep(POLL_SECONDS)
    return True


def _tail(log_file: Path) -> str:
    return "\n".join(log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:])
