"""The error catalogue: one place for every code, its French sentence, who can fix it and what the hub does next.

A code is stable for ever: it may get a better sentence, never another meaning (design rule 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fixer(StrEnum):
    """Who can put the cause right."""

    LGO = "lgo"  # the software that sent it
    USER = "user"  # the professional at the counter
    OPERATOR = "operator"  # the regional host
    DMP = "dmp"  # the national service
    NOBODY = "nobody"  # it is the rule


class ErrorClass(StrEnum):
    """What the hub does with the work that met the error."""

    TRANSIENT = "transient"  # tried again until the act's deadline
    REFUSED = "refused"  # final: the act is refused
    EXCLUDED = "excluded"  # final: the rules keep the act out of the DMP, it does not count in the feed indicator
    BUG = "bug"  # tried a few times, then the item is dead and the act blocked


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What the catalogue says of a code. `http_status` is the one used when the code answers an HTTP request."""

    text: str
    fixer: Fixer
    error_class: ErrorClass
    http_status: int = 422


class ErrorCode(StrEnum):
    """Stable codes; `info(code)` gives the rest."""

    # HTTP edge
    REQUEST_INVALID = "REQUEST_INVALID"
    REQUEST_NOT_JSON = "REQUEST_NOT_JSON"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    TOKEN_MISSING = "TOKEN_MISSING"
    TOKEN_INVALID = "TOKEN_INVALID"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    SCOPE_MISSING = "SCOPE_MISSING"
    PEER_NOT_ALLOWED = "PEER_NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CURSOR_INVALID = "CURSOR_INVALID"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"

    # acts at the door
    ACT_NOT_FOUND = "ACT_NOT_FOUND"
    ACT_TYPE_UNKNOWN = "ACT_TYPE_UNKNOWN"
    ACT_CONTENT_MISMATCH = "ACT_CONTENT_MISMATCH"
    ACT_INTENT_UNAVAILABLE = "ACT_INTENT_UNAVAILABLE"
    ACT_DATE_IN_FUTURE = "ACT_DATE_IN_FUTURE"
    ACT_EXTERNAL_ID_REUSED = "ACT_EXTERNAL_ID_REUSED"
    STRUCTURE_UNKNOWN = "STRUCTURE_UNKNOWN"
    STRUCTURE_NOT_MEMBER = "STRUCTURE_NOT_MEMBER"
    STRUCTURE_IN_EXERCISE = "STRUCTURE_IN_EXERCISE"
    AUTHOR_UNKNOWN = "AUTHOR_UNKNOWN"
    AUTHOR_NOT_ACTIVE = "AUTHOR_NOT_ACTIVE"
    DECLARATION_NOT_FOUND = "DECLARATION_NOT_FOUND"
    ATTACHMENT_UNKNOWN = "ATTACHMENT_UNKNOWN"
    ATTACHMENT_UNREADABLE = "ATTACHMENT_UNREADABLE"
    ATTACHMENT_TYPE_UNSUPPORTED = "ATTACHMENT_TYPE_UNSUPPORTED"

    # identity
    INS_MISSING = "INS_MISSING"
    INS_FORMAT_INVALID = "INS_FORMAT_INVALID"
    INS_KEY_INVALID = "INS_KEY_INVALID"
    INS_OID_UNKNOWN = "INS_OID_UNKNOWN"
    INS_OID_WRONG_ENVIRONMENT = "INS_OID_WRONG_ENVIRONMENT"
    INS_NIA_NOT_ALLOWED = "INS_NIA_NOT_ALLOWED"
    INS_NOT_QUALIFIED = "INS_NOT_QUALIFIED"
    INS_TRAITS_INCOMPLETE = "INS_TRAITS_INCOMPLETE"
    INS_TRAITS_INCONSISTENT = "INS_TRAITS_INCONSISTENT"
    INS_TRAITS_DIFFER = "INS_TRAITS_DIFFER"
    IDENTITY_WAIT_EXPIRED = "IDENTITY_WAIT_EXPIRED"

    # consent and habilitation
    PATIENT_OPPOSED = "PATIENT_OPPOSED"
    AUTHOR_MAY_NOT_FEED = "AUTHOR_MAY_NOT_FEED"
    AUTHORISATION_STOPPED = "AUTHORISATION_STOPPED"

    # document
    DOCUMENT_INVALID = "DOCUMENT_INVALID"
    DOCUMENT_RULES_UNAVAILABLE = "DOCUMENT_RULES_UNAVAILABLE"
    DOCUMENT_GONE = "DOCUMENT_GONE"

    # DMP
    DMP_ABSENT = "DMP_ABSENT"
    DMP_CLOSED = "DMP_CLOSED"
    DMP_ACCESS_BLOCKED = "DMP_ACCESS_BLOCKED"
    DMP_REFUSED_DOCUMENT = "DMP_REFUSED_DOCUMENT"
    DMP_REFUSED_IDENTITY = "DMP_REFUSED_IDENTITY"
    DMP_VACCINATION_DUPLICATE = "DMP_VACCINATION_DUPLICATE"
    DMP_ALREADY_HOLDS_ANOTHER = "DMP_ALREADY_HOLDS_ANOTHER"
    DMP_STRUCTURE_REFUSED = "DMP_STRUCTURE_REFUSED"
    DMP_UNREACHABLE = "DMP_UNREACHABLE"
    DMP_TIMEOUT = "DMP_TIMEOUT"
    DMP_ANSWER_UNREADABLE = "DMP_ANSWER_UNREADABLE"
    DMP_OUTCOME_UNKNOWN = "DMP_OUTCOME_UNKNOWN"
    CERTIFICATE_MISSING = "CERTIFICATE_MISSING"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CLOCK_SKEW = "CLOCK_SKEW"
    SEND_DEADLINE_PASSED = "SEND_DEADLINE_PASSED"

    # the hub's own
    ENVELOPE_UNREADABLE = "ENVELOPE_UNREADABLE"
    EVENT_TYPE_UNKNOWN = "EVENT_TYPE_UNKNOWN"
    SEAL_UNREADABLE = "SEAL_UNREADABLE"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    HANDLER_FAILED = "HANDLER_FAILED"

    # audit
    AUDIT_PERIOD_REQUIRED = "AUDIT_PERIOD_REQUIRED"
    AUDIT_REASON_REQUIRED = "AUDIT_REASON_REQUIRED"

    @property
    def info(self) -> ErrorInfo:
        """The catalogue's entry of this code."""
        return _CATALOGUE[self]

    @property
    def text(self) -> str:
        """The French sentence for the user."""
        return _CATALOGUE[self].text


_L, _U, _O, _D, _N = Fixer.LGO, Fixer.USER, Fixer.OPERATOR, Fixer.DMP, Fixer.NOBODY
_T, _R, _X, _B = ErrorClass.TRANSIENT, ErrorClass.REFUSED, ErrorClass.EXCLUDED, ErrorClass.BUG
_C = ErrorCode

_CATALOGUE: dict[ErrorCode, ErrorInfo] = {
    _C.REQUEST_INVALID: ErrorInfo("La demande ne respecte pas le format attendu.", _L, _R),
    _C.REQUEST_NOT_JSON: ErrorInfo("Le corps de la demande n'est pas du JSON lisible.", _L, _R, 400),
    _C.REQUEST_TOO_LARGE: ErrorInfo("La demande dépasse la taille permise.", _L, _R, 413),
    _C.BATCH_TOO_LARGE: ErrorInfo("L'envoi groupé contient plus d'actes que permis.", _L, _R),
    _C.TOKEN_MISSING: ErrorInfo("Le jeton d'accès manque.", _L, _R, 401),
    _C.TOKEN_INVALID: ErrorInfo("Le jeton d'accès n'est pas reconnu.", _L, _R, 401),
    _C.TOKEN_EXPIRED: ErrorInfo("Le jeton d'accès a expiré.", _L, _R, 401),
    _C.SCOPE_MISSING: ErrorInfo("Le jeton d'accès ne donne pas ce droit.", _L, _R, 403),
    _C.PEER_NOT_ALLOWED: ErrorInfo("Ce service n'a pas le droit d'appeler cette adresse.", _O, _R, 403),
    _C.NOT_FOUND: ErrorInfo("Cette adresse n'existe pas.", _L, _R, 404),
    _C.METHOD_NOT_ALLOWED: ErrorInfo("Cette méthode n'est pas permise à cette adresse.", _L, _R, 405),
    _C.IDEMPOTENCY_KEY_REUSED: ErrorInfo(
        "Cette clé d'idempotence a déjà servi pour une demande différente.", _L, _R, 409
    ),
    _C.CURSOR_INVALID: ErrorInfo("Le repère de page n'est pas lisible.", _L, _R, 400),
    _C.INTERNAL_ERROR: ErrorInfo("Le hub a rencontré une erreur ; l'exploitant est prévenu.", _O, _B, 500),
    _C.SERVICE_UNAVAILABLE: ErrorInfo(
        "Le hub est momentanément indisponible ; refaites la demande plus tard.", _O, _T, 503
    ),
    _C.ACT_NOT_FOUND: ErrorInfo("Cet acte n'existe pas ou n'est pas accessible à ce compte.", _L, _R, 404),
    _C.ACT_TYPE_UNKNOWN: ErrorInfo("Ce type d'acte n'est pas connu du hub.", _L, _R),
    _C.ACT_CONTENT_MISMATCH: ErrorInfo("Le contenu ne correspond pas au type de l'acte.", _L, _R),
    _C.ACT_INTENT_UNAVAILABLE: ErrorInfo(
        "Le remplacement, la suppression et l'annulation ne sont pas encore proposés pour ce type d'acte.", _L, _R
    ),
    _C.ACT_DATE_IN_FUTURE: ErrorInfo("La date de l'acte est dans le futur.", _U, _R),
    _C.ACT_EXTERNAL_ID_REUSED: ErrorInfo(
        "Cet identifiant d'acte a déjà servi pour un acte différent de cette structure.", _L, _R, 409
    ),
    _C.STRUCTURE_UNKNOWN: ErrorInfo("Cette structure n'est pas inscrite dans le hub.", _O, _R, 403),
    _C.STRUCTURE_NOT_MEMBER: ErrorInfo("Ce compte n'a pas le droit d'agir pour cette structure.", _O, _R, 403),
    _C.STRUCTURE_IN_EXERCISE: ErrorInfo(
        "Cette structure est en mode exercice : rien ne part vers la production.", _O, _R, 403
    ),
    _C.AUTHOR_UNKNOWN: ErrorInfo("L'auteur n'est pas inscrit dans l'annuaire du hub.", _O, _R),
    _C.AUTHOR_NOT_ACTIVE: ErrorInfo("L'auteur n'exerce pas dans cette structure à la date de l'acte.", _O, _R),
    _C.DECLARATION_NOT_FOUND: ErrorInfo("Cette déclaration n'existe pas ou n'est pas accessible.", _L, _R, 404),
    _C.ATTACHMENT_UNKNOWN: ErrorInfo("Ce fichier n'a pas été déposé, ou n'est plus conservé.", _L, _R),
    _C.ATTACHMENT_UNREADABLE: ErrorInfo("Le contenu du fichier est vide, ou n'est pas du base64 lisible.", _L, _R),
    _C.ATTACHMENT_TYPE_UNSUPPORTED: ErrorInfo(
        "Le type du fichier n'est pas accepté : PDF, texte, RTF, JPEG ou TIFF.", _L, _R, 415
    ),
    _C.INS_MISSING: ErrorInfo("L'identité ne porte pas de matricule INS.", _U, _R),
    _C.INS_FORMAT_INVALID: ErrorInfo("Le matricule INS n'a pas la forme attendue.", _L, _R),
    _C.INS_KEY_INVALID: ErrorInfo("La clé du matricule INS est fausse.", _L, _R),
    _C.INS_OID_UNKNOWN: ErrorInfo("L'OID du matricule INS n'est pas connu.", _L, _R),
    _C.INS_OID_WRONG_ENVIRONMENT: ErrorInfo(
        "L'OID du matricule INS n'est pas celui de cet environnement (test ou production).", _L, _R
    ),
    _C.INS_NIA_NOT_ALLOWED: ErrorInfo("Un numéro d'attente (NIA) ne permet pas d'alimenter le DMP.", _U, _R),
    _C.INS_NOT_QUALIFIED: ErrorInfo(
        "L'identité du patient n'est pas qualifiée : vérifiez-la pour que l'acte parte.", _U, _R
    ),
    _C.INS_TRAITS_INCOMPLETE: ErrorInfo("Il manque un trait strict à l'identité du patient.", _U, _R),
    _C.INS_TRAITS_INCONSISTENT: ErrorInfo("Les traits de l'identité se contredisent.", _U, _R),
    _C.INS_TRAITS_DIFFER: ErrorInfo(
        "Les traits ne sont pas ceux déjà connus pour ce matricule : vérifiez l'identité du patient.", _U, _R
    ),
    _C.IDENTITY_WAIT_EXPIRED: ErrorInfo(
        "L'identité du patient n'a pas été qualifiée dans le délai : l'acte n'est pas parti.", _U, _R
    ),
    _C.PATIENT_OPPOSED: ErrorInfo("Le patient s'oppose à l'alimentation de son DMP (motif légitime).", _N, _X),
    _C.AUTHOR_MAY_NOT_FEED: ErrorInfo(
        "La matrice d'alimentation ne permet pas à cet auteur de déposer ce type de document.", _N, _R
    ),
    _C.AUTHORISATION_STOPPED: ErrorInfo("L'autorisation d'alimenter a été retirée avant l'envoi.", _N, _X),
    _C.DOCUMENT_INVALID: ErrorInfo("Le document ne peut pas être construit : corrigez les champs signalés.", _U, _R),
    _C.DOCUMENT_RULES_UNAVAILABLE: ErrorInfo(
        "Les règles officielles ne sont pas installées : l'acte attend d'être contrôlé.", _O, _T
    ),
    _C.DOCUMENT_GONE: ErrorInfo("Le document n'est plus conservé par le hub.", _O, _R, 410),
    _C.DMP_ABSENT: ErrorInfo("Le patient n'a pas de DMP.", _N, _X),
    _C.DMP_CLOSED: ErrorInfo("Le DMP du patient est fermé.", _N, _X),
    _C.DMP_ACCESS_BLOCKED: ErrorInfo("Le DMP n'accepte pas cet auteur pour ce patient.", _N, _X),
    _C.DMP_REFUSED_DOCUMENT: ErrorInfo("Le DMP a refusé le document.", _O, _R),
    _C.DMP_REFUSED_IDENTITY: ErrorInfo("Le DMP a refusé le matricule INS.", _U, _R),
    _C.DMP_VACCINATION_DUPLICATE: ErrorInfo(
        "Cette vaccination (même vaccin, même date) figure déjà dans le carnet du patient.", _U, _R
    ),
    _C.DMP_ALREADY_HOLDS_ANOTHER: ErrorInfo("Le DMP tient déjà un document différent sous cet identifiant.", _O, _R),
    _C.DMP_STRUCTURE_REFUSED: ErrorInfo("Le DMP ne reconnaît pas la structure ou son certificat.", _O, _T),
    _C.DMP_UNREACHABLE: ErrorInfo("Le DMP ne répond pas : l'envoi sera refait automatiquement.", _D, _T),
    _C.DMP_TIMEOUT: ErrorInfo("Le DMP tarde à répondre : l'envoi sera vérifié puis refait si besoin.", _D, _T),
    _C.DMP_ANSWER_UNREADABLE: ErrorInfo("La réponse du DMP n'est pas lisible : l'envoi sera vérifié.", _D, _T),
    _C.DMP_OUTCOME_UNKNOWN: ErrorInfo("L'issue de l'envoi n'est pas connue : le hub interroge le DMP.", _D, _T),
    _C.CERTIFICATE_MISSING: ErrorInfo("La structure n'a pas de certificat dans le hub.", _O, _T),
    _C.CERTIFICATE_EXPIRED: ErrorInfo("Le certificat de la structure a expiré.", _O, _T),
    _C.CLOCK_SKEW: ErrorInfo("L'horloge du hub n'est pas à l'heure : les envois attendent.", _O, _T, 503),
    _C.SEND_DEADLINE_PASSED: ErrorInfo("Le délai d'envoi est dépassé : l'acte n'est pas dans le DMP.", _O, _R),
    _C.ENVELOPE_UNREADABLE: ErrorInfo("Un message interne n'est pas lisible.", _O, _B),
    _C.EVENT_TYPE_UNKNOWN: ErrorInfo("Un message interne est d'un type inconnu.", _O, _B),
    _C.SEAL_UNREADABLE: ErrorInfo("Une partie scellée d'un message ne peut plus être lue.", _O, _B),
    _C.UPSTREAM_UNAVAILABLE: ErrorInfo("Un service du hub ne répond pas : nouvel essai automatique.", _O, _T),
    _C.HANDLER_FAILED: ErrorInfo("Le hub n'a pas pu traiter l'acte ; l'exploitant est prévenu.", _O, _B),
    _C.AUDIT_PERIOD_REQUIRED: ErrorInfo("Une recherche de traces demande une période.", _L, _R),
    _C.AUDIT_REASON_REQUIRED: ErrorInfo("Une recherche de traces demande un motif.", _L, _R),
}
