"""Sections that several documents share: treatments, measures, plan, lists, free text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from hub_contracts.acts import Adherence, Measure, PlanItem, Treatment
from hub_interop.report.model import Block, Bullets, Fields, Paragraph, Section, Table

GIRERD = ("bonne observance", "minime problème d'observance", "minime problème d'observance")
_NOT_SAID = "–"


def text_section(heading: str, text: str | None) -> tuple[Section, ...]:
    """The text in paragraphs; nothing when there is none."""
    paragraphs = tuple(Paragraph(part.strip()) for part in (text or "").splitlines() if part.strip())
    return (Section(heading, paragraphs),) if paragraphs else ()


def list_section(heading: str, items: Sequence[str]) -> tuple[Section, ...]:
    """The items; nothing when there is none."""
    return (Section(heading, (Bullets(tuple(items)),)),) if items else ()


def treatments_section(treatments: Sequence[Treatment], heading: str = "Traitements") -> tuple[Section, ...]:
    """A table of treatments, with the columns that are used."""
    rows = [
        (
            t.name, t.posology or "", t.indication or "", t.prescriber or t.origin or "",
            period(t.since, t.until), t.comment or "",
        )
        for t in treatments
    ]  # fmt: skip
    columns = ("Médicament", "Posologie", "Indication", "Prescripteur, origine", "Période", "Remarque")
    return table_section(heading, columns, rows, (30, 22, 18, 16, 14, 20))


def measures_section(measures: Sequence[Measure], heading: str = "Mesures") -> tuple[Section, ...]:
    """A table of measures, with the columns that are used."""
    rows = [(m.label, f"{m.value} {m.unit or ''}".strip(), day(m.date), m.comment or "") for m in measures]
    return table_section(heading, ("Mesure", "Valeur", "Date", "Remarque"), rows, (34, 20, 16, 30))


def plan_section(plan: Sequence[PlanItem], heading: str = "Plan d'action") -> tuple[Section, ...]:
    """Who does what by when."""
    rows = [(item.action, item.who or "", day(item.due)) for item in plan]
    return table_section(heading, ("Action", "Qui", "Échéance"), rows, (56, 26, 18))


def adherence_section(adherence: Adherence | None) -> tuple[Section, ...]:
    """Girerd's score in words (0: good; 1 and 2: minor problem; 3 and more: bad), and the comment."""
    if adherence is None:
        return ()
    blocks: list[Block] = []
    if adherence.score is not None:
        words = GIRERD[adherence.score] if adherence.score < len(GIRERD) else "mauvaise observance"
        blocks.append(Fields((("Score de Girerd", f"{adherence.score} sur 6 : {words}"),)))
    if adherence.comment:
        blocks.append(Paragraph(adherence.comment))
    return (Section("Observance", tuple(blocks)),) if blocks else ()


def table_section(
    heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> tuple[Section, ...]:
    """A table without its empty columns (the first stays); nothing when it has no row."""
    if not rows:
        return ()
    used = [index for index in range(len(columns)) if index == 0 or any(row[index] for row in rows)]
    table = Table(
        tuple(columns[i] for i in used),
        tuple(tuple(row[i] or _NOT_SAID for i in used) for row in rows),
        tuple(widths[i] for i in used),
    )
    return (Section(heading, (table,)),)


def fields_section(heading: str, pairs: Iterable[tuple[str, str | None]]) -> tuple[Section, ...]:
    """Labels and values, those without a value left out."""
    kept = tuple((label, value) for label, value in pairs if value)
    return (Section(heading, (Fields(kept),)),) if kept else ()


def day(value: date | None) -> str:
    """JJ/MM/AAAA, or nothing."""
    return "" if value is None else value.strftime("%d/%m/%Y")


def moment(value: datetime | None) -> str:
    """JJ/MM/AAAA à HH:MM in its own offset, or nothing."""
    return "" if value is None else value.strftime("%d/%m/%Y à %H:%M")


def period(since: date | None, until: date | None) -> str:
    """From when to when, as far as it is known."""
    if since and until:
        return f"du {day(since)} au {day(until)}"
    if since:
        return f"depuis le {day(since)}"
    return f"jusqu'au {day(until)}" if until else ""
