"""The child's side: a program calls `die_with_parent()` first, loads what it needs, then `serve(handle)`.

Whatever the program or its libraries print once it serves goes nowhere: it could hold what it works on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from hub_kit.children.frames import ANSWER, FAILURE, MAX_CONTENT, READY, read_frame_blocking, write_frame

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """From now on the kernel kills this process when its parent is gone, however busy it is (Linux).

    A signal for the whole group (Ctrl+C, a stopping service) is the parent's business: it lets requests end.
    """
    parent = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def serve(handle: Callable[[bytes], bytes], *, largest_request: int = MAX_CONTENT) -> None:
    """Answer requests until the parent closes the pipe. What `handle` raises fails that request only."""
    die_with_parent()
    requests, answers = _take_pipes()
    _send(answers, write_frame(0, READY, b""))
    while True:
        frame = read_frame_blocking(requests, largest_request)
        if frame is None:
            return
        number, _, content = frame
        try:
            answer = write_frame(number, ANSWER, handle(content))
        except Exception:  # its text may quote the request
            answer = write_frame(number, FAILURE, b"")
        del frame, content
        _send(answers, answer)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes for us alone; standard input and both outputs lead nowhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _send(answers: BinaryIO, frame: bytes) -> None:
    try:
        answers.write(frame)
        answers.flush()
    except BrokenPipeError:
        os._exit(0)
