"""Free TCP ports on the loopback, so that several copies run side by side."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterable, Mapping

HOST = "127.0.0.1"
# Below the kernel's ephemeral range: a port given out here isn't taken by an outgoing connection meanwhile.
FIRST, LAST = 15_000, 32_000
ATTEMPTS = 500

# A server binds its port seconds after it was picked. Until this process ends, the name of an abstract socket
# tells other copies, of any user, that the port is given out; the kernel drops it with the process.
_claims: dict[int, socket.socket] = {}


def is_free(port: int) -> bool:
    """True when nothing listens on that loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def claim(port: int) -> bool:
    """Keep that port for this process; False when another copy has it. Always True off Linux."""
    if sys.platform != "linux" or port in _claims:
        return True
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0hub-dmp-port-{port}")
    except OSError:
        name.close()
        return False
    _claims[port] = name
    return True


def pick_ports(names: Iterable[str], preferred: Mapping[str, int] | None = None) -> dict[str, int]:
    """A distinct free port for each name, kept for this process: the preferred one when it is free, else a random one.

    Raises OSError when none is found.
    """
    chosen: dict[str, int] = {}
    for name in names:
        wish = (preferred or {}).get(name)
        if wish is not None and wish not in chosen.values() and is_free(wish) and claim(wish):
            chosen[name] = wish
        else:
            chosen[name] = _random_port(taken=set(chosen.values()))
    return chosen


def _random_port(taken: set[int]) -> int:
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randint(FIRST, LAST)
        if port not in taken and port not in _claims and is_free(port) and claim(port):
            return port
    raise OSError(f"no free port found on {HOST} between {FIRST} and {LAST}")
