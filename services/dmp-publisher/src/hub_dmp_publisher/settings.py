"""Settings of dmp-publisher."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from hub_interop.dsig.signer import SignatureAlgorithm
from hub_interop.vihf.model import AuthnContext
from hub_kit.settings import ServiceSettings

OID_PATTERN = r"^[0-2](\.(0|[1-9][0-9]*))+$"


class Settings(ServiceSettings):
    """What dmp-publisher reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "dmp-publisher"

    value_sets_dir: Path | None = Field(
        None,
        description="Folder of the value sets that the operator installed (`hub-document-builder value-sets install`); "
        "those shipped with the hub when not set. Usually given once for all as HUB_VALUE_SETS_DIR.",
    )
    dmp_url: str = Field(
        pattern=r"^https://", description="Base of the DMP's web services, before `/patients` (EX_GEN-1221: a setting)."
    )
    dmp_ca_file: Path = Field(description="PEM of the authorities of the DMP's server; nothing else is trusted there.")
    lps_oid: str = Field(pattern=OID_PATTERN, description="OID of this installation, root of its ids (EX_GEN-1350).")
    lps_name: str = Field(min_length=1, description="LPS_Nom, as on the « À propos » page (EX_GEN-1180).")
    lps_version: str = Field(min_length=1, description="LPS_Version, as on the « À propos » page (EX_GEN-1180).")
    homologation_number: SecretStr = Field(
        min_length=1, description="LPS_ID_HOMOLOGATION_DMP, given by the CNDA; secret (EX_GEN-1490)."
    )
    authn_context: AuthnContext = Field(
        AuthnContext.UNSPECIFIED, description="SAML class of the user's login to the source software, put in the VIHF."
    )
    vihf_mode_attribute: str = Field(
        "Authentification_Mode", description="Spelling of that VIHF attribute; homologated products differ."
    )
    submission_set_algorithm: SignatureAlgorithm = Field(
        SignatureAlgorithm.RSA_SHA256, description="Signature of the submission set."
    )
    builder_url: str = Field(pattern=r"^https://", description="Internal address of document-builder (document bytes).")

    connect_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Longest time to open a connection.")
    builder_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Longest time to read a document's bytes.")
    td02_timeout_seconds: float = Field(10.0, gt=0, le=120, description="Longest time of TD0.2 (existence test).")
    td31b_timeout_seconds: float = Field(10.0, gt=0, le=120, description="Longest time of TD3.1b (question on doubt).")
    td21_timeout_seconds: float = Field(
        30.0, gt=0, le=300, description="Longest time of TD2.1; on doubt the hub waits twice as long before asking."
    )
    max_answer_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Largest answer of the DMP read, in bytes.")
    calls_at_once: int = Field(16, ge=1, le=256, description="Documents on their way to the DMP at one time.")
    calls_per_structure: int = Field(4, ge=1, le=64, description="Of which for one structure, per claim.")
    identities_in_memory: int = Field(512, ge=1, description="Structures whose keys and TLS context stay in memory.")
    breaker_failures: int = Field(8, ge=1, description="Failures in a row after which the DMP is left alone a while.")
    breaker_seconds: float = Field(5.0, gt=0, description="First pause of the circuit breaker; doubled up to 60 s.")
    clock_skew_seconds: float = Field(
        60.0, gt=0, description="Largest difference with the DMP's clock; beyond, nothing is sent."
    )

    @property
    def call_seconds(self) -> float:
        """The longest that handling one document may take: question (before, and
        on a duplicate), existence test, bytes, send, and a margin."""
        return (
            2 * self.td31b_timeout_seconds
            + self.td02_timeout_seconds
            + self.builder_timeout_seconds
            + self.td21_timeout_seconds
            + 10.0
        )
