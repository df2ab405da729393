"""Settings of the simulated DMP. Times are seconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub_simulators.dmp.valuesets import ValueSets

OID_INS_TEST = "1.2.250.1.213.1.4.10"
SERVICES_PATH = "/si-dmp-server/v2/services"


@dataclass(frozen=True, slots=True)
class RegisteredSoftware:
    """A homologated software: `LPS_Nom`, `LPS_Version` (None = any) and `LPS_ID_HOMOLOGATION_DMP`."""

    name: str
    version: str | None
    homologation: str


@dataclass(frozen=True, slots=True)
class DmpSettings:
    """Everything the simulator can be told.

    `software` empty means that any well-formed LPS_* triple is taken. `directory` None keeps the store in memory.
    `rules_dir` is the operator's copy of the ANS rules (holds `xsd/CDA_extended.xsd`); None skips the XSD.
    `value_sets` is the year of the value sets (JDV) in force at the start; the control plane changes it.
    `record_bytes` 0 switches the recording of raw requests off.
    """

    pki_directory: Path
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    directory: Path | None = None
    rules_dir: Path | None = None
    software: tuple[RegisteredSoftware, ...] = ()
    ins_oids: tuple[str, ...] = (OID_INS_TEST,)
    default_patient: str = "active"
    default_authorisation: str = "NON_EXISTE"
    clock_tolerance: float = 300.0
    vihf_versions: tuple[str, ...] = ("4.0",)
    vihf_replay_check: bool = True
    lot_signature_algorithms: tuple[str, ...] = ("rsa-sha256", "rsa-sha1")
    value_sets: ValueSets = "2026"
    allow_invisible_and_masked: bool = False
    check_rpps_key: bool = True
    max_body: int = 64 * 1024 * 1024
    record_bytes: int = 32 * 1024 * 1024
    record_count: int = 1000
    repository_unique_id: str = "1.2.250.1.213.4.1.1.1.2"
    keep_content: bool = True
