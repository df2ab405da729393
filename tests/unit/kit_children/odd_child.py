"""`odd_child.py FOLDER [START]`: a child that does what the request says, and misbehaves at the start if told so."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from hub_kit.children.child import die_with_parent, serve

folder, start = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]


def handle(request: bytes) -> bytes:
    word, _, rest = request.partition(b" ")
    match word:
        case b"echo":
            return rest
        case b"pid":
            return str(os.getpid()).encode()
        case b"hang":
            time.sleep(3600)
        case b"spin":  # as busy as an engine: never looks at its input
            (folder / "spinning").write_text(str(os.getpid()))
            while True:
                pass
        case b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"exit":
            os._exit(3)
        case b"raise":
            raise ValueError(rest.decode())
        case b"print":
            print(rest.decode(), flush=True)
            print(rest.decode(), file=sys.stderr, flush=True)
            os.write(1, rest)
            os.write(2, rest)
        case b"grow":
            kept.append(bytearray(os.urandom(1) * int(rest)))
        case b"large":
            return b"x" * int(rest)
        case b"environment":
            return "\n".join(sorted(os.environ)).encode()
        case b"wait":  # until the test says so
            (folder / "waiting").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
    return b"done"


kept: list[bytearray] = []
with (folder / "starts").open("a") as file:
    file.write(f"{os.getpid()}\n")
die_with_parent()
match start:
    case "exit":
        sys.exit(7)
    case "hang":
        time.sleep(3600)
    case "garbage":
        os.write(1, b"hello, this is no frame" * 10)
        time.sleep(3600)
    case "exit-later" if (folder / "broken").exists():
        sys.exit(7)
serve(handle, largest_request=1_000_000)
