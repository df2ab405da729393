"""Settings of document-builder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from hub_document_builder.rules import Profile
from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What document-builder reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "document-builder"

    value_sets_dir: Path | None = Field(
        None,
        description="Folder of the value sets that the operator installed (`hub-document-builder value-sets install`); "
        "those shipped with the hub when not set. Usually given once for all as HUB_VALUE_SETS_DIR.",
    )
    rules_dir: Path | None = Field(
        None,
        description="The operator's copy of the official rules (ANS), with xsd/CDA_extended.xsd; every document "
        "is then checked against it. Usually given once for all as HUB_RULES_DIR.",
    )
    rules_cache_dir: Path = Field(
        Path(".data/cache/rules"),
        description="Where the official schematrons are kept once rewritten to run fast; made when missing. A folder "
        "of the service's own that may be lost.",
    )
    profile: Profile = Field(
        Profile.CONFORME,
        description="Which documents the official schematrons check: all (`conforme`), a sample (`debit`), none "
        "(`off`, never in production).",
    )
    sample_one_in: int = Field(20, ge=1, le=1000, description="In `debit`, one document in so many is checked.")
    checkers: int = Field(1, ge=1, le=32, description="Child processes that run the schematrons (250 MB each).")
    presses: int = Field(1, ge=1, le=32, description="Child processes that print PDFs and examine supplied files.")
    child_seconds: float = Field(
        20.0, gt=0, le=120, description="How long a child may take for one document before it is killed (s)."
    )
    builds_at_once: int = Field(16, ge=1, le=256, description="Documents in the making at a time.")
    gateway_url: str | None = Field(
        None,
        pattern=r"^https://",
        description="Internal address of the gateway (files that software supplies); without it such acts are refused.",
    )
    max_file_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="Largest supplied file, in bytes.")
    max_pages: int = Field(500, ge=1, le=10_000, description="Most pages of a supplied file.")
    max_body_bytes: int = Field(
        12 * 1024 * 1024, ge=1024, description="Largest request body accepted, in bytes; a preview's file is in it."
    )
    allow_unchecked: bool = Field(
        False, description="In production, build documents without the official rules; otherwise acts wait for them."
    )
    keep_days: float = Field(
        7.0, ge=1, le=90, description="How long a document's bytes are kept once its act is final (days)."
    )
    purge_poll_seconds: float = Field(60.0, gt=0, le=3600, description="How often the purge looks for documents (s).")
