"""Starts processes in order, keeps their logs, stops them in reverse: the supervisor's side of the keeper."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from hub_local.errors import ProcessFailed

POLL_SECONDS = 0.05
WATCH_SECONDS = 0.5
KEEPER_STOP_SECONDS = 90.0
LOG_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: `argv` with an absolute program, its whole environment, and how it is stopped.

    `user` is a name of the password file: the process runs as that user (only root may ask).
    `death_signal` is what the kernel sends it should the keeper be killed.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """A started process: `exit_status` is None while it runs, negative when a signal ended it."""

    name: str
    pid: int
    exit_status: int | None


class Supervisor:
    """Owns a keeper and, through it, processes. Safe to use from several threads.

    Use as a context manager: leaving it stops everything. `lock_descriptor` (see `Layout.acquire_lock`) is shared with
    the keeper, so that the data directory stays locked until the last child is gone.
    """

    def __init__(self, logs: Path, lock_descriptor: int | None = None) -> None:
        self._logs = logs
        self._lock_descriptor = lock_descriptor
        self._mutex = threading.Lock()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._answers: Any = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def keeper_pid(self) -> int | None:
        """The keeper's process id, once something was started."""
        return self._keeper.pid if self._keeper else None

    def start(self, spec: ProcessSpec) -> int:
        """Start a process and return its id; its output goes to `<logs>/<name>.log`.

        Raises ProcessFailed when it can't be executed or already runs.
        """
        user = pwd.getpwnam(spec.user) if spec.user else None
        answer = self._ask(
            {
                "do": "start",
                "name": spec.name,
                "argv": [str(part) for part in spec.argv],
                "env": dict(spec.env),
                "cwd": str(spec.cwd) if spec.cwd else None,
                "log": str(self.log_of(spec.name)),
                "user": [user.pw_uid, user.pw_gid] if user else None,
                "stop_signal": int(spec.stop_signal),
                "stop_seconds": spec.stop_seconds,
                "death_signal": int(spec.death_signal),
            }
        )
        return int(answer["pid"])

    def stop(self, name: str) -> int | None:
        """Stop one process and return its exit status; None when it was never started or already stopped."""
        status: int | None = self._ask({"do": "stop", "name": name})["status"]
        return status

    def status(self) -> dict[str, ChildStatus]:
        """Every started and not yet stopped process, in order of start."""
        if self._keeper is None:
            return {}
        children = self._ask({"do": "status"})["children"]
        return {name: ChildStatus(name, pid, exit_status) for name, (pid, exit_status) in children.items()}

    def ended(self) -> list[ChildStatus]:
        """The processes that ended without being asked to."""
        return [child for child in self.status().values() if child.exit_status is not None]

    def wait_for_end(self) -> list[ChildStatus]:
        """Return, once a process has ended by itself, those that did. Raises ProcessFailed if the keeper is gone."""
        while not (ended := self.ended()):
            time.sleep(WATCH_SECONDS)
        return ended

    def log_of(self, name: str) -> Path:
        """Where that process's output goes."""
        return self._logs / f"{name}.log"

    def wait_until(self, name: str, ready: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Poll `ready` until it is true.

        Raises ProcessFailed with the log's end when the process ends first or `seconds` have passed.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            child = self.status().get(name)
            if child is None or child.exit_status is not None:
                raise ProcessFailed(f"{name} ended before {what}; its log:\n{self.log_tail(name)}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{name}: no {what} after {seconds:g} s; its log:\n{self.log_tail(name)}")
            time.sleep(POLL_SECONDS)

    def log_tail(self, name: str, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines of its log, for an error message."""
        try:
            text = self.log_of(name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def close(self) -> None:
        """Stop every process, the last started first, and the keeper. For good: nothing can be started any more."""
        self._closed = True
        keeper, link = self._keeper, self._link
        if keeper is None or link is None:
            return
        self._keeper = self._link = None
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)  # the keeper sees the end even while another thread waits for an answer
        self._answers.close()
        link.close()
        try:
            keeper.wait(KEEPER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._mutex:
            if self._closed:
                raise ProcessFailed("this supervisor was closed")
            link = self._link or self._open()
            try:
                link.sendall(json.dumps(request).encode() + b"\n")
                line = self._answers.readline()
            except (OSError, ValueError) as error:
                raise ProcessFailed(f"the keeper is gone ({error}): everything it kept was killed") from error
        if not line:
            raise ProcessFailed("the keeper is gone: everything it kept was killed")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ProcessFailed(f"{request['do']} {request.get('name', '')}: {answer['error']}")
        return answer

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        kept_open = [theirs.fileno()]
        if self._lock_descriptor is not None:
            kept_open.append(self._lock_descriptor)
        keeper_file = Path(__file__).with_name("keeper.py")
        with self.log_of("keeper").open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(keeper_file), str(theirs.fileno())],
                pass_fds=kept_open,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        theirs.close()
        self._link = ours
        self._answers = ours.makefile("rb")
        return ours


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt here, as Ctrl-C does (main thread only)."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
