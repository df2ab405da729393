"""The DMP's errors as data: known ones, unknown ones, and never a free text kept."""

from __future__ import annotations

import pytest

from hub_contracts.errors import ErrorClass, ErrorCode
from hub_dmp_publisher.upstreams.breaker import Breaker
from hub_dmp_publisher.upstreams.catalogue import Action, Layer, error_catalogue, safe_code

CATALOGUE = error_catalogue()


@pytest.mark.parametrize(
    ("layer", "match", "code", "action"),
    [
        (Layer.REGISTRY_ERROR, {"code": "XDSDuplicateUniqueIdInRegistry"}, "DMP_OUTCOME_UNKNOWN", Action.DUPLICATE),
        (Layer.REGISTRY_ERROR, {"code": "XDSNonIdenticalHash"}, "DMP_ALREADY_HOLDS_ANOTHER", Action.REFUSE),
        (Layer.REGISTRY_ERROR, {"code": "DMPFragmentCVAError"}, "DMP_VACCINATION_DUPLICATE", Action.REFUSE),
        (Layer.REGISTRY_ERROR, {"code": "XDSRegistryMetadataError"}, "DMP_REFUSED_DOCUMENT", Action.REFUSE),
        (Layer.REGISTRY_ERROR, {"code": "XDSRepositoryError"}, "DMP_OUTCOME_UNKNOWN", Action.ASK),
        (Layer.REGISTRY_ERROR, {"code": "XDSRegistryBusy"}, "DMP_UNREACHABLE", Action.RETRY),
        (
            Layer.SOAP_FAULT,
            {"text": "Erreur d'authentification de la personne morale"},
            "DMP_STRUCTURE_REFUSED",
            Action.PAUSE_LANE,
        ),
        (Layer.SOAP_FAULT, {"text": "Le champ Resource_id est incorrect : x"}, "DMP_REFUSED_IDENTITY", Action.REFUSE),
        (
            Layer.SOAP_FAULT,
            {"text": "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"},
            "DMP_REFUSED_DOCUMENT",
            Action.REFUSE,
        ),
        (
            Layer.SOAP_FAULT,
            {"text": "Le code 'DOCPAT03' ne fait pas partie du domaine d'affinité"},
            "DMP_REFUSED_DOCUMENT",
            Action.REFUSE,
        ),
        (
            Layer.SOAP_FAULT,
            {"text": "Le champ 'sourcePatientInfo PID5' est obligatoire"},
            "DMP_REFUSED_DOCUMENT",
            Action.REFUSE,
        ),
        (Layer.HTTP, {"status": 403}, "DMP_STRUCTURE_REFUSED", Action.PAUSE_LANE),
        (Layer.TLS, {"text": "tlsv13 alert certificate required"}, "DMP_STRUCTURE_REFUSED", Action.PAUSE_LANE),
        (Layer.TLS, {"text": "TLSV1 ALERT UNKNOWN CA"}, "DMP_STRUCTURE_REFUSED", Action.PAUSE_LANE),
        (Layer.TLS, {"text": "SSLV3 ALERT CERTIFICATE EXPIRED"}, "DMP_STRUCTURE_REFUSED", Action.PAUSE_LANE),
        (Layer.TLS, {"text": "CERTIFICATE VERIFY FAILED"}, "DMP_UNREACHABLE", Action.RETRY),
        (Layer.HL7_ACK, {"code": "DMPAccessForbidden"}, "DMP_ACCESS_BLOCKED", Action.EXCLUDE),
    ],
)
def test_known_errors(layer: Layer, match: dict[str, object], code: str, action: Action) -> None:
    verdict = CATALOGUE.judge(layer, **match)  # type: ignore[arg-type]
    assert (verdict.code, verdict.action) == (code, action)


@pytest.mark.parametrize(
    ("layer", "match", "action"),
    [
        (Layer.TLS, {"text": ""}, Action.RETRY),
        (Layer.HTTP, {"status": 502}, Action.ASK),
        (Layer.HTTP, {"status": 200}, Action.ASK),
        (Layer.SOAP_FAULT, {"text": "Nouveau message"}, Action.REFUSE),
        (Layer.SOAP_FAULT, {"text": "Nouveau message", "receiver": True}, Action.ASK),
        (Layer.HL7_ACK, {"code": "DMPNouveau"}, Action.RETRY),
        (Layer.REGISTRY_ERROR, {"code": "XDSNouveau"}, Action.REFUSE),
    ],
)
def test_unknown_errors_get_their_layers_default(layer: Layer, match: dict[str, object], action: Action) -> None:
    verdict = CATALOGUE.judge(layer, **match)  # type: ignore[arg-type]
    assert (verdict.action, verdict.known) == (action, False)


def test_every_entry_agrees_with_the_hubs_own_catalogue() -> None:
    """What is refused has a code that refuses, what is tried again a code that is transient."""
    expected = {
        Action.REFUSE: {ErrorClass.REFUSED},
        Action.EXCLUDE: {ErrorClass.EXCLUDED},
        Action.RETRY: {ErrorClass.TRANSIENT},
        Action.ASK: {ErrorClass.TRANSIENT},
        Action.DUPLICATE: {ErrorClass.TRANSIENT},
        Action.PAUSE_LANE: {ErrorClass.TRANSIENT},
    }
    for layer in CATALOGUE.layers.values():
        for part in (layer.default, layer.receiver_default, *layer.entries):
            if part is not None:
                assert part.error.info.error_class in expected[part.action], part


@pytest.mark.parametrize(
    "text", ["Patient PAT-TROIS inconnu", "279035121518989", "INS279035121518989", "", "x" * 70, "a\nb", "é"]
)
def test_free_texts_are_never_kept_as_codes(text: str) -> None:
    assert safe_code(text) is None
    verdict = CATALOGUE.judge(Layer.REGISTRY_ERROR, code=text, text=text)
    assert verdict.upstream_code is None


def test_the_dmps_own_code_is_kept() -> None:
    assert CATALOGUE.judge(Layer.REGISTRY_ERROR, code="XDSNouveau").upstream_code == "XDSNouveau"
    assert CATALOGUE.judge(Layer.SOAP_FAULT, text="personne morale").upstream_code is None
    fault = CATALOGUE.judge(Layer.SOAP_FAULT, text="Erreur d'authentification de la personne morale")
    assert (fault.upstream_code, fault.code) == ("fault-structure", ErrorCode.DMP_STRUCTURE_REFUSED)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_after_failures_in_a_row_and_one_probe_finds_the_dmp_back() -> None:
    clock = Seconds()
    breaker = Breaker(clock, failures=3, pause_seconds=5)
    for _ in range(2):
        assert breaker.try_pass() is None
        breaker.failed()
    breaker.succeeded()
    for _ in range(3):
        assert breaker.try_pass() is None
        breaker.failed()
    assert breaker.try_pass() == 5
    clock.now = 5
    assert breaker.try_pass() is None, "one probe goes"
    assert breaker.try_pass() is not None, "and only one"
    breaker.failed()
    assert breaker.try_pass() == 10, "the pause doubles"
    clock.now = 15
    assert breaker.try_pass() is None
    breaker.succeeded()
    assert breaker.state == "closed"
    assert breaker.try_pass() is None


def test_the_pause_is_never_longer_than_a_minute_and_a_lost_probe_lets_another_go() -> None:
    clock = Seconds()
    breaker = Breaker(clock, failures=1, pause_seconds=5)
    breaker.failed()
    for _ in range(8):
        clock.now += 60
        assert breaker.try_pass() is None
        breaker.failed()
    assert breaker.try_pass() == 60
    clock.now += 60
    assert breaker.try_pass() is None
    breaker.abandoned()
    assert breaker.try_pass() is None


def test_calls_under_way_when_the_breaker_opens_do_not_lengthen_the_pause() -> None:
    clock = Seconds()
    breaker = Breaker(clock, failures=2, pause_seconds=5)
    for _ in range(10):
        breaker.failed()
    assert breaker.try_pass() == 5
