"""Free TCP ports on the loopback, so that several copies run side by side."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

HOST = "127.0.0.1"
# Below the kernel's ephemeral range: a port given out here isn't taken by an outgoing connection meanwhile.
FIRST, LAST = 15_000, 32_000
ATTEMPTS = 500


def is_free(port: int) -> bool:
    """True when nothing listens on that loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def pick_ports(names: Iterable[str], preferred: Mapping[str, int] | None = None) -> dict[str, int]:
    """A distinct free port for each name: the preferred one when it is free, else a random one.

    Raises OSError when none is found.
    """
    chosen: dict[str, int] = {}
    for name in names:
        wish = (preferred or {}).get(name)
        if wish is not None and wish not in chosen.values() and is_free(wish):
            chosen[name] = wish
        else:
            chosen[name] = _random_port(taken=set(chosen.values()))
    return chosen


def _random_port(taken: set[int]) -> int:
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randint(FIRST, LAST)
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port found on {HOST} between {FIRST} and {LAST}")
