"""topics.md: the topics as their files declare them, and the flow they make."""

from __future__ import annotations

from hub_contracts.topics import Topic, load_topics
from reference_pages.markdown import anchor, code, codes, table
from reference_pages.routes import DIRECTORY, SERVICES

TITLE = "Topics"
DATA = {
    "none": "aucune",
    "pseudonym": "pseudonyme (`patient_id`)",
    "sealed": "pseudonyme, et parties scellées",
}
INTRO = """Les topics sont des données : un fichier par topic, dans
[libs/contracts](../../libs/contracts/src/hub_contracts/topics), crée le topic, ses droits Kafka et cette page. Un
service n'écrit et ne lit que ce que ces fichiers lui donnent. Plusieurs types d'événements partagent un topic, pour
que l'ordre d'un même acte soit gardé ([ADR 0004](../adr/0004-several-event-types-in-a-stream.md)).

`audit` lit tous les topics et `hub.directory` va à tous les services : ces flèches manquent au dessin. `card-agent` et
les topics des éditeurs n'existent pas encore.
"""


def body() -> str:
    """The page."""
    topics = load_topics()
    rows = [
        (
            f"[{t.name}](evenements.md#{anchor(t.name)})",
            t.description,
            code(t.key),
            str(t.partitions),
            _kept(t),
            DATA[t.personal_data],
            codes(t.producers),
            codes(t.consumers),
        )
        for t in topics
    ]
    header = ("topic", "contenu", "clé", "partitions", "conservation", "données du patient", "écrit par", "lu par")
    return f"{INTRO}\n{_flow(topics)}\n{table(header, rows)}"


def _kept(topic: Topic) -> str:
    if topic.retention_ms is None:
        return "compacté : le dernier état de chaque clé"
    return f"{topic.retention_ms // 86_400_000} jours"


def _flow(topics: list[Topic]) -> str:
    lines = ["```mermaid", "flowchart LR", '  lgo(["logiciel (LGO)"]) -->|HTTP| gateway']
    lines += [f'  {_node(name)}["{name}"]' for name in SERVICES if name != "audit"]
    lines.append('  publisher_dmp(["DMP"])')
    for topic in topics:
        readers = [name for name in topic.consumers if name != "audit"]
        if topic.name == DIRECTORY or not readers:
            continue
        for writer in topic.producers:
            lines += [f"  {_node(writer)} -->|{topic.name}| {_node(reader)}" for reader in readers]
    lines += [f"  {_node('dmp-publisher')} -->|TD0.2, TD2.1, TD3.1b| publisher_dmp", "```", ""]
    return "\n".join(lines)


def _node(service: str) -> str:
    return service.replace("-", "_")
