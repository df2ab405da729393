"""metriques.md: the metrics catalogue, and whether something measures each of them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from hub_kit.telemetry import metric_defs
from hub_kit.telemetry.metric_defs import CATALOGUE, CounterDef, HistogramDef, MetricDef
from reference_pages.markdown import code, codes, table

TITLE = "Métriques"
ROOT = Path(__file__).parents[2]
INTRO = """Exposées par chaque service sur son serveur interne (TLS mutuel), `GET /metrics`, au format Prometheus, avec
celles du processus (`process_*`). Les étiquettes ne portent jamais une personne ni un acte. Les phrases sont celles du
code, en anglais. « mesurée » : vide quand la métrique est déclarée mais que rien ne l'alimente encore.

Les files (`hub_outbox_*`, `hub_work_*`, `hub_dead_items`, `hub_lanes_paused`) sont mesurées toutes les dix secondes.
"""


def body() -> str:
    """The page."""
    header = ("métrique", "type", "étiquettes", "ce qu'elle dit", "mesurée")
    rows = [(code(m.name), _type(m), codes(m.labels), m.help, "oui" if _measured(m) else "") for m in CATALOGUE]
    return f"{INTRO}\n{table(header, rows)}"


def _type(metric: MetricDef) -> str:
    if isinstance(metric, CounterDef):
        return "compteur"
    return "histogramme" if isinstance(metric, HistogramDef) else "jauge"


def _measured(metric: MetricDef) -> bool:
    name = next(key for key, value in vars(metric_defs).items() if value is metric)
    return re.search(rf"\bdefs\.{name}\b", _sources()) is not None


@cache
def _sources() -> str:
    """All code that may measure: the kit and the services."""
    files = [*ROOT.glob("libs/kit/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    return "\n".join(path.read_text("utf-8") for path in sorted(files) if path.name != "metric_defs.py")
