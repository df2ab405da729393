"""The ways in which the DMP says no (§6.1 of the protocol reference), as exceptions of one family."""

from __future__ import annotations

from dataclasses import dataclass


class DmpRefusal(Exception):
    """A refusal; `check` names the check that failed, for statistics and tests. Texts never hold a patient's trait."""

    def __init__(self, check: str, text: str) -> None:
        super().__init__(text)
        self.check = check
        self.text = text


class HttpRefusal(DmpRefusal):
    """Refused below SOAP: an HTTP status and a plain text."""

    def __init__(self, check: str, status: int, text: str) -> None:
        super().__init__(check, text)
        self.status = status


class SoapFault(DmpRefusal):
    """A SOAP 1.2 Fault, sent with HTTP 500."""


class AckError(DmpRefusal):
    """An HL7 v3 acknowledgement `AE` with a code."""

    def __init__(self, check: str, code: str, text: str) -> None:
        super().__init__(check, text)
        self.code = code


@dataclass(frozen=True, slots=True)
class RegistryError:
    """One rs:RegistryError."""

    code: str
    context: str
    location: str = ""
    check: str = ""


class RegistryFailure(DmpRefusal):
    """A RegistryResponse `Failure` with its RegistryErrorList."""

    def __init__(self, errors: list[RegistryError]) -> None:
        super().__init__(errors[0].check, errors[0].context)
        self.errors = errors


class Findings:
    """Collects registry errors, so that a sender sees all of them at once."""

    def __init__(self) -> None:
        self.errors: list[RegistryError] = []

    def metadata(self, check: str, context: str, location: str = "") -> None:
        """Add an XDSRegistryMetadataError."""
        self.errors.append(RegistryError("XDSRegistryMetadataError", context, location, check))

    def repository(self, check: str, context: str, location: str = "") -> None:
        """Add an XDSRepositoryMetadataError (bytes, CDA or signature against the metadata)."""
        self.errors.append(RegistryError("XDSRepositoryMetadataError", context, location, check))

    def other(self, code: str, check: str, context: str, location: str = "") -> None:
        """Add an error of another code."""
        self.errors.append(RegistryError(code, context, location, check))

    def raise_if_any(self) -> None:
        """Raise RegistryFailure when something was added."""
        if self.errors:
            raise RegistryFailure(self.errors)


def affinity_fault(check: str, code: str) -> SoapFault:
    """Return the fault for a code outside the affinity domain (value sets of the DMP)."""
    return SoapFault(check, f"Le code '{code}' ne fait pas partie du domaine d'affinité")
