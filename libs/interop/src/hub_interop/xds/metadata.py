"""The metadata of documents and submission sets, as plain values.

Nothing is checked on creation: what the DMP returns about other people's documents must be readable. The rules for
what *we* send are in `rules.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from hub_interop.soap.errors import MessageUnwritable
from hub_interop.xds.composites import Cx, Xcn, Xon, escape


@dataclass(frozen=True, slots=True)
class CodedValue:
    """A code, the OID (or URN) of its system, its label."""

    code: str
    scheme: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """An author: who (person or system), for which organisations, with which specialty and role."""

    person: Xcn | None = None
    institutions: tuple[Xon, ...] = ()
    specialties: tuple[CodedValue, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """One *lot de soumission*. `entry_id` is `urn:uuid:…`, times are UTC `yyyyMMddHHmmss`."""

    entry_id: str
    unique_id: str
    source_id: str
    patient_id: Cx
    submission_time: str
    content_type: CodedValue | None
    authors: tuple[Author, ...]
    title: str | None = field(default=None, repr=False)
    comments: str | None = field(default=None, repr=False)
    availability_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """What the registry knows of a document. The last four fields are the server's and are never sent by us.

    `size` is in bytes, `hash` SHA-1 in 40 lower-case hexadecimal digits, both of the bytes sent.
    `source_patient_info` holds `PID-n|…` values (see `source_patient_info`).
    """

    entry_id: str
    unique_id: str
    patient_id: Cx
    mime_type: str
    authors: tuple[Author, ...] = ()
    class_code: CodedValue | None = None
    type_code: CodedValue | None = None
    format_code: CodedValue | None = None
    confidentiality: tuple[CodedValue, ...] = ()
    facility_type: CodedValue | None = None
    practice_setting: CodedValue | None = None
    event_codes: tuple[CodedValue, ...] = field(default=(), repr=False)
    creation_time: str | None = None
    language: str | None = None
    legal_authenticator: Xcn | None = None
    service_start: str | None = None
    service_stop: str | None = None
    source_patient_id: Cx | None = None
    source_patient_info: tuple[str, ...] = field(default=(), repr=False)
    hash: str | None = None
    size: int | None = None
    title: str | None = field(default=None, repr=False)
    comments: str | None = field(default=None, repr=False)
    reference_ids: tuple[str, ...] = ()
    repository_unique_id: str | None = None
    logical_id: str | None = None
    version: str | None = None
    availability_status: str | None = None

    def describing(self, content: bytes) -> DocumentEntry:
        """The same entry with the hash and the size of `content`."""
        return replace(self, hash=content_hash(content), size=len(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A link between two registry objects. `submission_set_status` is Original on HasMember."""

    entry_id: str
    type: str
    source: str
    target: str
    submission_set_status: str | None = None


def content_hash(content: bytes) -> str:
    """The hash the registry wants: SHA-1 of the bytes sent, 40 lower-case hexadecimal digits."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def registry_time(time: datetime) -> str:
    """An aware datetime as the registry writes it: UTC `yyyyMMddHHmmss`. Raises `MessageUnwritable` (`XDS_TIME`)."""
    if time.tzinfo is None:
        raise MessageUnwritable("XDS_TIME", "time", "give an aware datetime")
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}"


def source_patient_info(
    *,
    birth_name: str,
    birth_given_names: Sequence[str],
    birth_date: date | str,
    sex: str,
    used: tuple[str, str] | None = None,
    birthplace: str | None = None,
) -> tuple[str, ...]:
    """The `sourcePatientInfo` values from the traits.

    `birth_given_names` are all the first names, the first one first; `birth_date` a date or `yyyymmdd` (day or month
    may be 00); `sex` F, M or U; `used` the family and given name in use, both; `birthplace` the COG code.

    Raises `MessageUnwritable` (`XDS_TRAITS`) without a name.
    """
    if not birth_name or not birth_given_names:
        raise MessageUnwritable("XDS_TRAITS", "sourcePatientInfo", "give the birth name and first names")
    every_name = escape(" ".join(birth_given_names))
    values = [f"PID-5|{escape(birth_name)}^{escape(birth_given_names[0])}^{every_name}^^^^L"]
    if used:
        values.append(f"PID-5|{escape(used[0])}^{escape(used[1])}^^^^^D")
    values.append(f"PID-7|{birth_date:%Y%m%d}" if isinstance(birth_date, date) else f"PID-7|{birth_date}")
    values.append(f"PID-8|{sex}")
    if birthplace:
        values.append(f"PID-11|^^^^^^BDL^^{escape(birthplace)}")
    return tuple(values)
