"""What the registry says of a request: success or failure, and its list of errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml
from hub_interop.xds import codes

_STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
_IHE_STATUS = "urn:ihe:iti:2007:ResponseStatusType:"


class ResponseStatus(StrEnum):
    """The outcome. `PARTIAL_SUCCESS` is never a success for a submission: something wasn't recorded."""

    SUCCESS = "Success"
    PARTIAL_SUCCESS = "PartialSuccess"
    FAILURE = "Failure"


@dataclass(frozen=True, slots=True)
class RegistryError:
    """One error as the DMP gives it. `context` is to be shown with `code` (PRE_ERR); it may quote identifiers."""

    code: str
    context: str = field(repr=False)
    location: str = field(repr=False)
    severity: str

    @property
    def is_warning(self) -> bool:
        """Whether the registry only warns."""
        return self.severity.endswith(":Warning")


@dataclass(frozen=True, slots=True)
class RegistryResult:
    """Status and errors of a RegistryResponse."""

    status: ResponseStatus
    errors: tuple[RegistryError, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was recorded."""
        return self.status is ResponseStatus.SUCCESS


def parse_registry_response(message: bytes | etree._Element) -> RegistryResult:
    """Reads `rs:RegistryResponse`, given as bytes or as the payload of a `SoapAnswer`.

    Raises `MessageUnreadable`: `XDS_RESPONSE` (another message), `XDS_STATUS` (unknown status), those of `parse_xml`.
    """
    root = root_of(message, f"{{{codes.RS}}}RegistryResponse")
    return read_result(root)


def root_of(message: bytes | etree._Element, tag: str) -> etree._Element:
    """The root element, which must be `tag`."""
    root = parse_xml(message, where="registry answer").getroot() if isinstance(message, bytes) else message
    if root.tag != tag:
        raise MessageUnreadable("XDS_RESPONSE", "registry answer", f"expected {etree.QName(tag).localname}")
    return root


def read_result(root: etree._Element) -> RegistryResult:
    """Status and errors of any registry answer (`RegistryResponse` or `AdhocQueryResponse`)."""
    text = root.get("status", "").removeprefix(_STATUS).removeprefix(_IHE_STATUS)
    try:
        status = ResponseStatus(text)
    except ValueError:
        raise MessageUnreadable("XDS_STATUS", "registry answer", "unknown status; treat as unknown outcome") from None
    errors = tuple(
        RegistryError(
            code=found.get("errorCode", ""),
            context=found.get("codeContext", ""),
            location=found.get("location", ""),
            severity=found.get("severity", ""),
        )
        for found in root.iterfind(f"{{{codes.RS}}}RegistryErrorList/{{{codes.RS}}}RegistryError")
    )
    return RegistryResult(status, errors)
