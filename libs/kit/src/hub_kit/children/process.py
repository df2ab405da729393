"""One child process as the parent sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub_kit.children.frames import ANSWER, FAILURE, READY, REQUEST, FrameUnreadable, read_frame, write_frame
from hub_kit.children.model import ChildLimits, Failure

_PAGE = resource.getpagesize()
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class ChildBroken(Exception):
    """The child can't be used any more; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class RequestRefused(Exception):
    """The child couldn't work on the request and is ready for another one."""


def bare_environment() -> dict[str, str]:
    """What any program needs of the service's environment, and nothing else: no address, no secret."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


class Child:
    """A running child, ready for requests one after the other."""

    def __init__(self, process: asyncio.subprocess.Process, limits: ChildLimits) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._limits = process, limits
        self._in, self._out = process.stdin, process.stdout
        self._number = 0
        self.resident = 0

    @classmethod
    async def start(cls, argv: Sequence[str], limits: ChildLimits, variables: Mapping[str, str]) -> Child:
        """Start one and wait until it is ready. Raises `ChildBroken`.

        The child doesn't see the service's environment, where secrets may be: only `variables` and what any program
        needs.
        """
        environment = bare_environment() | dict(variables)
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, env=environment)
        except OSError:
            raise ChildBroken(Failure.NOT_STARTED) from None
        child = cls(process, limits)
        try:
            child._limit()
            async with asyncio.timeout(limits.start_seconds):
                number, kind, _ = await read_frame(child._out, 0)
            if (number, kind) != (0, READY):
                raise FrameUnreadable
        except (FrameUnreadable, TimeoutError, asyncio.IncompleteReadError, OSError):
            await child.kill()
            raise ChildBroken(Failure.NOT_STARTED) from None
        except BaseException:
            await child.kill()
            raise
        child.resident = child._resident()
        return child

    @property
    def requests(self) -> int:
        """How many requests it was given."""
        return self._number

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ask(self, request: bytes) -> bytes:
        """The answer. Raises `RequestRefused`, or `ChildBroken` after having killed the child."""
        self._number += 1
        try:
            async with asyncio.timeout(self._limits.seconds):
                self._in.write(write_frame(self._number, REQUEST, request))
                await self._in.drain()
                number, kind, content = await read_frame(self._out, self._limits.largest_answer)
            if number != self._number or kind not in (ANSWER, FAILURE):
                raise FrameUnreadable
        except BaseException as error:
            await self.kill()
            if isinstance(error, _BREAKS):
                raise ChildBroken(_failure(error)) from None
            raise
        self.resident = self._resident()
        if kind == FAILURE:
            raise RequestRefused
        return content

    async def wait(self) -> None:
        """Until it is gone."""
        await self._process.wait()

    async def close(self) -> None:
        """Ask it to end (end of its input) and kill it if it doesn't."""
        self._in.close()
        try:
            async with asyncio.timeout(self._limits.close_seconds):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._in.close()
        await asyncio.shield(self._emptied())

    async def _emptied(self) -> None:
        """Read what a killed child had written, until it is gone: asyncio calls no process gone before its pipes are,
        and stops reading a pipe of which nobody takes the content."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._limits.close_seconds):
                while await self._out.read(_PAGE):
                    pass
                await self._process.wait()

    def _limit(self) -> None:
        if self._limits.address_space is not None:
            bounds = (self._limits.address_space, self._limits.address_space)
            resource.prlimit(self._process.pid, resource.RLIMIT_AS, bounds)

    def _resident(self) -> int:
        try:
            return int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        except (OSError, IndexError, ValueError):
            return self.resident


_BREAKS = (TimeoutError, FrameUnreadable, asyncio.IncompleteReadError, OSError)


def _failure(error: BaseException) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure.TIMED_OUT
    return Failure.GARBAGE if isinstance(error, FrameUnreadable) else Failure.DIED


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic()
