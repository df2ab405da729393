"""Errors of the signatures."""

from __future__ import annotations

from hub_interop.soap.errors import ExchangeError


class SigningRefused(ExchangeError):
    """The signature can't be made: unusable certificate, wrong key type, wrong digest, answer of the wrong size."""


class SignatureInvalid(ExchangeError):
    """A signature doesn't verify: altered content, wrong certificate, missing part."""
