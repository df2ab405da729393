"""The errors of the exchange formats: a stable code, where it is, what to do. Never a value from the message."""

from __future__ import annotations


class ExchangeError(Exception):
    """A message can't be written or read.

    `code` is stable (tests, dashboards), `where` names the field or the part, `action` says what to do.
    None of the three ever holds patient data, a key or document content.
    """

    def __init__(self, code: str, where: str, action: str) -> None:
        super().__init__(f"{code} at {where}: {action}")
        self.code = code
        self.where = where
        self.action = action


class MessageUnreadable(ExchangeError):
    """What came back is not the message expected: not XML, forbidden XML, too large, or another root element."""


class MessageUnwritable(ExchangeError):
    """What was asked can't be put on the wire (a control character, an address that isn't one)."""
