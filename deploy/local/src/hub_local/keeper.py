"""The keeper: the one parent of every supervised process, so that none outlives the supervisor.

Run by file name with an isolated Python (`python -I -S keeper.py FD`), standard library only. It reads requests (JSON
lines) from a socket whose other end only the supervisor holds. When that end closes, for whatever reason (kill -9
included), or when the supervisor's process is gone, the keeper stops its children in reverse order and leaves.
Should the keeper itself be killed, the kernel kills the children (PR_SET_PDEATHSIG, on Linux); this is sound because
the keeper has one thread and starts every child from it. The keeper and its children live in a session of their own:
Ctrl-C reaches the supervisor alone, which then stops them in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
KILL_GRACE_SECONDS = 5.0


class Kept:
    """One child and how to stop it."""

    def __init__(self, process: subprocess.Popen[bytes], stop_signal: int, stop_seconds: float) -> None:
        self.process = process
        self.stop_signal = stop_signal
        self.stop_seconds = stop_seconds

    def stop(self) -> int:
        """Ask, wait, then kill; the exit status (negative: the signal that ended it)."""
        for number, seconds in ((self.stop_signal, self.stop_seconds), (signal.SIGKILL, KILL_GRACE_SECONDS)):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        return self.process.wait()


def death_signal(number: int, keeper_pid: int) -> Callable[[], None] | None:
    """What a child does between fork and exec so that it dies with the keeper; None where the kernel can't do it.

    Runs after the change of user, which would clear it.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arm() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0 or os.getppid() != keeper_pid:
            os._exit(126)

    return arm


class Keeper:
    """Answers the supervisor's requests until it is gone."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.children: dict[str, Kept] = {}
        self.buffer = b""

    def run(self) -> None:
        """Serve, then stop every child in reverse order of start."""
        watched: list[int] = [self.link.fileno()]
        with contextlib.suppress(OSError, AttributeError):
            watched.append(os.pidfd_open(os.getppid()))
        try:
            while select.select(watched, [], [])[0] == watched[:1] and self.serve_once():
                pass
        finally:
            self.stop_all()

    def serve_once(self) -> bool:
        """Read what came and answer each whole line; False when the supervisor is gone."""
        try:
            received = self.link.recv(65536)
            if not received:
                return False
            self.buffer += received
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                answer = self.answer(json.loads(line))
                self.link.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            return False
        return True

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one thing; `{"error": …}` when it can't be done."""
        try:
            match request["do"]:
                case "start":
                    return {"pid": self.start(request)}
                case "stop":
                    kept = self.children.pop(request["name"], None)
                    return {"status": kept.stop() if kept else None}
                case "status":
                    return {"children": {n: [k.process.pid, k.process.poll()] for n, k in self.children.items()}}
                case "stop_all":
                    self.stop_all()
                    return {}
                case other:
                    return {"error": f"unknown request {other}"}
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def start(self, request: dict[str, Any]) -> int:
        """Start one child with its output appended to its log; the process id."""
        name: str = request["name"]
        known = self.children.get(name)
        if known is not None and known.process.poll() is None:
            raise OSError(f"{name} already runs")
        descriptor = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            process = subprocess.Popen(
                request["argv"],
                env=request["env"],
                cwd=request["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                preexec_fn=death_signal(request["death_signal"], os.getpid()),
                **_identity(request),
            )
        finally:
            os.close(descriptor)
        self.children[name] = Kept(process, request["stop_signal"], request["stop_seconds"])
        return process.pid

    def stop_all(self) -> None:
        """Stop every child, the last started first."""
        for name in reversed(list(self.children)):
            self.children.pop(name).stop()


def _identity(request: dict[str, Any]) -> dict[str, Any]:
    user = request.get("user")
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


class Terminated(BaseException):
    """SIGTERM was sent to the keeper itself."""


def _on_terminate(number: int, frame: object) -> None:
    raise Terminated


def _ignore(number: int, frame: object) -> None:
    """A handler, not SIG_IGN: children would inherit the latter."""


def main(descriptor: int) -> None:
    """Serve the socket given by its descriptor until the supervisor is gone."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ignore)
    signal.signal(signal.SIGTERM, _on_terminate)
    with socket.socket(fileno=descriptor) as link, contextlib.suppress(Terminated):
        Keeper(link).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
