"""The DMP's errors as data (`data/error_catalogue.yaml`): what each means and what the hub does about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub_contracts.errors import ErrorCode

_SAFE_CODE = re.compile(r"\A[A-Za-z][A-Za-z0-9_.:-]{0,63}\Z")
_LONG_NUMBER = re.compile(r"[0-9]{8}")


class Layer(StrEnum):
    """Where an error shows (reference §6.1)."""

    TLS = "tls"
    HTTP = "http"
    SOAP_FAULT = "soap_fault"
    HL7_ACK = "hl7_ack"
    REGISTRY_ERROR = "registry_error"


class Action(StrEnum):
    """What the hub does about it; see the head of the file."""

    RETRY = "retry"
    REFUSE = "refuse"
    EXCLUDE = "exclude"
    ASK = "ask"
    DUPLICATE = "duplicate"
    PAUSE_LANE = "pause_lane"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The catalogue's answer. `upstream_code` is the DMP's code when it is one, else the entry's name, else None.

    `known` is False for a layer's default: the error is in no entry.
    """

    code: ErrorCode
    action: Action
    upstream_code: str | None = None
    known: bool = True


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Default(_Strict):
    error: ErrorCode
    action: Action = Field(alias="class")


class _Entry(_Default):
    name: str | None = None
    code: str | None = None
    text: str | None = None
    status: int | None = None

    @model_validator(mode="after")
    def _one_match(self) -> Self:
        if sum(part is not None for part in (self.code, self.text, self.status)) != 1:
            raise ValueError("an entry is matched by code, text or status: one of them")
        if self.text is not None:
            re.compile(self.text)
        return self


class _Layer(_Strict):
    default: _Default
    receiver_default: _Default | None = None
    entries: tuple[_Entry, ...] = ()


class ErrorCatalogue(_Strict):
    """The file, read and checked."""

    version: str
    layers: dict[Layer, _Layer]

    @model_validator(mode="after")
    def _all_layers(self) -> Self:
        missing = set(Layer) - set(self.layers)
        if missing:
            raise ValueError(f"no layer {', '.join(sorted(missing))}")
        return self

    def judge(
        self,
        layer: Layer,
        *,
        code: str | None = None,
        text: str = "",
        status: int | None = None,
        receiver: bool = False,
    ) -> Verdict:
        """What this error means. An unknown one gets its layer's default; `receiver`: a fault the DMP calls its own."""
        part = self.layers[layer]
        for entry in part.entries:
            if _matches(entry, code, text, status):
                return Verdict(entry.error, entry.action, safe_code(code) or entry.name)
        default = part.receiver_default if receiver and part.receiver_default else part.default
        unnamed = f"{layer.value.replace('_', '-')}-{status}" if status is not None else None
        return Verdict(default.error, default.action, safe_code(code) or unnamed, known=False)


def _matches(entry: _Entry, code: str | None, text: str, status: int | None) -> bool:
    if entry.code is not None:
        return code == entry.code
    if entry.status is not None:
        return status == entry.status
    return bool(entry.text and re.search(entry.text, text, re.IGNORECASE | re.DOTALL))


def safe_code(code: str | None) -> str | None:
    """The DMP's code when it has the shape of one: free text or long numbers could hold patient data."""
    return code if code and _SAFE_CODE.match(code) and not _LONG_NUMBER.search(code) else None


@cache
def error_catalogue() -> ErrorCatalogue:
    """The catalogue shipped. Raises pydantic.ValidationError when the file is wrong: the service doesn't start."""
    text = (resources.files("hub_dmp_publisher") / "data" / "error_catalogue.yaml").read_text("utf-8")
    return ErrorCatalogue.model_validate(yaml.safe_load(text))
