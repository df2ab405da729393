"""Random mutants, signed once damaged: each is accepted or refused in the DMP's way, none breaks the simulator."""

from __future__ import annotations

import random

import pytest
from lxml import etree
from simulator_kinds import INTERVIEW, TROD, Kind
from simulator_messages import Sender
from simulator_parts import Document, Edit, Mutation

from hub_simulators.dmp.engine import DmpEngine

WAYS = {"success", "fault", "ack_error", "registry_failure", "http_error"}


def mutate(seed: int) -> Edit:
    """Return an edit that damages one node of an XML text."""
    source = random.Random(seed)

    def edit(text: str) -> str:
        root = etree.fromstring(text.encode())
        nodes = [node for node in root.iter() if isinstance(node.tag, str)]
        node = source.choice(nodes[1:])
        kind = source.randrange(6)
        parent = node.getparent()
        if kind == 0:
            parent.remove(node)
        elif kind == 1:
            parent.append(etree.fromstring(etree.tostring(node, with_tail=False)))
        elif kind == 2 and node.attrib:
            del node.attrib[source.choice(sorted(node.attrib))]
        elif kind == 3 and node.attrib:
            node.set(source.choice(sorted(node.attrib)), source.choice(["", "x", "-1", "^&|", "2" * 200]))
        elif kind == 4:
            node.text = source.choice(["", "x", "^^^&&ISO^", "PID-5|^^^^^^L", "9" * 30])
        else:
            node.tag = source.choice(["x", "{urn:x}y", nodes[0].tag])
        return etree.tostring(root).decode()

    return edit


@pytest.mark.parametrize("kind", [INTERVIEW, TROD], ids=lambda kind: kind.code)
def test_no_mutant_of_another_document_breaks_the_simulator(exchange, sender: Sender, kind: Kind) -> None:
    accepted = 0
    for seed in range(120):
        outcome = exchange(sender.td21(Document(kind=kind), Mutation(cda=mutate(seed))))
        assert outcome.name in WAYS
        accepted += outcome.name == "success"
    # as for the notes: without the official XSD, much of a structured body is nobody's business here
    assert accepted < 80, "the simulator lets too many damaged documents in"


@pytest.mark.parametrize("target", ["vihf", "td02", "query", "metadata", "cda", "signature_after"])
def test_no_mutant_breaks_the_simulator(exchange, engine: DmpEngine, sender: Sender, target: str) -> None:
    accepted = 0
    for seed in range(60):
        mutation = Mutation(**{target: mutate(seed)})
        if target in {"vihf", "td02"}:
            wire = sender.td02(mutation)
        elif target == "query":
            wire = sender.td31("1.2.3", mutation)
        else:
            wire = sender.td21(Document(cis=f"{60000000 + seed}"), mutation)
        outcome = exchange(wire)
        assert outcome.name in WAYS
        accepted += outcome.name == "success"
    # without the official XSD, much of a CDA is nobody's business here
    assert accepted < (45 if target == "cda" else 25), "the simulator lets too many damaged messages in"
