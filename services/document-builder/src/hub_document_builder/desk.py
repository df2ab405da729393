"""Documents made, checked and shown from files, at the desk of a vendor or an operator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, SecretStr, ValidationError

from hub_contracts.acts import Act, SuppliedDocument
from hub_contracts.document_types import document_type
from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_contracts.sealed import QualifiedIdentity
from hub_document_builder.app import checker_pool, press_pool
from hub_document_builder.domain import Made, unknown_performer
from hub_document_builder.drafting import Sources, ids_of, people_of
from hub_document_builder.handlers.preview import inline_file
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.rules import Profile, load_rules
from hub_document_builder.settings import Settings
from hub_document_builder.upstreams.press import Press
from hub_document_builder.upstreams.schematrons import InstallFailed, install
from hub_interop.pdf import report_pdf
from hub_interop.report import embedded_file, report_from_cda, report_html
from hub_interop.schematron import Progress, Verdict, verdict_from_json
from hub_interop.soap.errors import MessageUnreadable
from hub_kit.clock import SystemClock
from hub_kit.errors import ConfigurationError
from hub_kit.value_sets import use_value_sets
from hub_kit.web.validation import problems_of

LARGEST = 64 * 1024 * 1024
_SUFFIXES = {".pdf": "application/pdf", ".txt": "text/plain"}


def file_settings() -> Settings:
    """Settings for work on files: no database is opened. Raises ConfigurationError."""
    try:
        return Settings(database_url=SecretStr("postgresql://"), rules_dir=None)
    except ValidationError as error:
        names = ", ".join(sorted({str(e["loc"][0]) for e in error.errors()}))
        raise ConfigurationError(f"HUB_DOCUMENT_BUILDER_…: {names}") from None


class Bundle(BaseModel):
    """An act, with what the annuaire says of its structure and people. Its identity is taken as qualified."""

    act: Act
    structure: StructurePublished
    professionals: tuple[ProfessionalPublished, ...]


class BundleUnreadable(Exception):
    """The file isn't a bundle; each line is a place and a French sentence."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("not a bundle")
        self.lines = tuple(lines)


class NotShown(Exception):
    """The document has nothing to show in that form; a French sentence."""


def read_bundle(file: Path) -> Bundle:
    """The bundle. Raises BundleUnreadable."""
    try:
        document = json.loads(file.read_bytes())
    except ValueError:
        raise BundleUnreadable(["Le fichier n'est pas du JSON lisible."]) from None
    try:
        return Bundle.model_validate(document)
    except ValidationError as error:
        problems = problems_of([{**e, "loc": ("body", *e["loc"])} for e in error.errors()], document)
        raise BundleUnreadable([f"{p.pointer or '/'}  {p.text}" for p in problems]) from None


async def made(file: Path, rules: Path | None) -> Made:
    """The document of the bundle's act, or why not. Raises BundleUnreadable, DocumentBroken."""
    use_value_sets(file_settings().value_sets_dir, SystemClock())
    bundle = read_bundle(file)
    act, kind = bundle.act, document_type(bundle.act.type)
    if kind is None or kind.content != act.content.kind:
        raise BundleUnreadable(["/act/type  Le type de l'acte n'est pas connu, ou son contenu est d'un autre type."])
    people = {person.professional_id: person for person in bundle.professionals}
    if missing := [who for who in act.people if who not in people]:
        raise BundleUnreadable([f"/professionals  Il manque {', '.join(missing)}."])
    if set(people_of(act)) - people.keys():
        return unknown_performer()
    sources = Sources(kind, act, QualifiedIdentity.of(act.patient), bundle.structure, people)
    pool = press_pool(file_settings())
    await pool.start()
    try:
        workshop = Workshop(load_rules(rules, None, Profile.OFF, required=False), Press(pool))
        ids = ids_of(uuid5(NAMESPACE_URL, act.external_id), 1)
        return await workshop.make(sources, ids, _file(act), SystemClock().now())
    finally:
        await pool.close()


def _file(act: Act) -> bytes | None:
    if not isinstance(act.content, SuppliedDocument):
        return None
    try:
        return inline_file(act.content.file.data or "")
    except ValueError:
        raise BundleUnreadable(["/act/content/file/data  Le contenu du fichier n'est pas du base64 lisible."]) from None


async def installed(rules: Path, cache: Path, progress: Callable[[Progress], None]) -> Path:
    """The folder of the rules, ready to run. Raises InstallFailed."""
    done = await install(rules, cache, asyncio.Event(), progress)
    if done is None:
        raise InstallFailed("l'installation s'est interrompue")
    return done.folder


async def verdicts(
    rules: Path, cache: Path, files: Sequence[Path], progress: Callable[[Progress], None]
) -> dict[Path, Verdict]:
    """What the official rules say of each file. Raises InstallFailed."""
    folder = await installed(rules, cache, progress)
    pool = checker_pool(file_settings(), folder)
    await pool.start()
    try:
        return {file: verdict_from_json(await pool.ask(file.read_bytes())) for file in files}
    finally:
        await pool.close()


def shown(document: bytes, suffix: str) -> bytes:
    """The document as a PDF, a page or a text: the file that it carries, or its narrative.

    Raises MessageUnreadable, NotShown.
    """
    try:
        media_type, content = embedded_file(document, limit=LARGEST)
    except MessageUnreadable as error:
        if error.code != "CDA_NO_FILE":
            raise
    else:
        if _SUFFIXES.get(suffix) == media_type:
            return content
        raise NotShown(f"Ce document porte un fichier {media_type} : donnez un nom en .pdf ou en .txt selon le cas.")
    report = report_from_cda(document, limit=LARGEST)
    match suffix:
        case ".pdf":
            return report_pdf(report, report.date, "")
        case ".html":
            return report_html(report).encode()
    raise NotShown("Un document structuré se montre en .pdf ou en .html.")
