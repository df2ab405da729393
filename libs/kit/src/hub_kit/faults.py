"""Named failpoints for tests: nothing happens unless `set_faults` was called with something (setting `faults`)."""

from __future__ import annotations

import os
import signal
import time


class InjectedFault(Exception):
    """A failpoint said `raise`."""


_active: dict[str, str] = {}


def set_faults(spec: str) -> None:
    """Switch failpoints on: `name=raise|kill|hang`, separated by commas; empty switches all off."""
    _active.clear()
    for part in filter(None, (p.strip() for p in spec.split(","))):
        name, _, action = part.partition("=")
        if action not in {"raise", "kill", "hang"}:
            raise ValueError(f"failpoint {name}: unknown action")
        _active[name] = action


def reach(name: str) -> None:
    """The code is at this point."""
    if not _active:
        return
    action = _active.get(name)
    if action == "raise":
        raise InjectedFault(name)
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "hang":
        time.sleep(20)
