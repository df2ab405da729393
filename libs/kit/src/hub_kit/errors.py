"""The exception that carries a catalogue code to whoever asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub_contracts.errors import ErrorClass, ErrorCode
from hub_contracts.events.base import Problem


class HubError(Exception):
    """A failure with a stable code (design rule 19).

    `detail` and the problems' texts are French sentences for the user and carry no value of the request: they are
    logged and sent out as they are. `headers` go on the HTTP answer, if there is one.
    """

    def __init__(
        self,
        code: ErrorCode,
        *,
        detail: str | None = None,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.detail = detail or code.text
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        super().__init__(f"{code.value}: {self.detail}")

    @property
    def retryable(self) -> bool:
        """True when the same request may succeed later."""
        return self.code.info.error_class is ErrorClass.TRANSIENT


class ConfigurationError(Exception):
    """The process can't start as configured. The message names the setting and what to do, never its value."""

    code = "CONFIGURATION_INVALID"
