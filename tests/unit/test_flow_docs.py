"""What the documentation shows of the flow is what the code walks."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from gateway import flow_docs
from tests.cli.kit import Shell
from vault.cases.flow import FLOW, State, Step

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_and_the_diagram_are_fresh() -> None:
    """Else: `parefeu flow show --markdown > docs/flow.md`, `--svg > docs/flow.svg`."""
    assert (DOCS / "flow.md").read_text("utf-8") == flow_docs.markdown()
    assert (DOCS / "flow.svg").read_text("utf-8") == flow_docs.svg()


def test_the_page_names_every_state_step_and_source() -> None:
    page = flow_docs.markdown()
    assert all(f"## {state.value}\n" in page for state in State)
    assert all(f"| {step.value} |" in page for step in Step)
    assert all(row.source in page for row in FLOW)


def test_the_diagram_is_well_formed_and_shows_every_state() -> None:
    root = ElementTree.fromstring(flow_docs.svg())
    texts = {node.text for node in root.iter() if node.tag.endswith("text")}
    assert {state.value.replace("_", " ") for state in State if state is not State.ERASED} <= texts
    assert root.attrib["role"] == "img"


def test_the_command_prints_the_table_its_json_and_both_documents() -> None:
    shell = Shell()
    rows = shell.ok("flow", "show").rows
    assert [row[:2] for row in rows] == [[row.state.value, row.step.value] for row in FLOW]
    assert json.loads(shell.ok("flow", "show", "--json").out) == flow_docs.rows()
    assert shell.ok("flow", "show", "--svg").out == flow_docs.svg()
    assert shell.ok("flow", "show", "--markdown").out == flow_docs.markdown()
    only = shell.ok("flow", "show", "--state", "closed").rows
    assert [row[1] for row in only] == ["reopen"]
