"""A schema that names a merge strategy that there is not: a class is refused, a document opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prefcore import InvalidSchema, Preferences, Schema, preference
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import MergeStrategyInfo
from prefcore.plugins.manager import Plugins
from tests.cli.shell import Shell, acme


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = preference(12, merge="union")


class _Union:
    @hookimpl
    def prefcore_merge_strategies(self) -> list[MergeStrategyInfo]:
        return [MergeStrategyInfo(id="union", summary="both", resolve=lambda sides: sides.ours)]


def test_a_class_is_opened_only_where_its_strategies_are(tmp_path: Path) -> None:
    told = r"size is to be merged by 'union'.*known are ask, base"
    with pytest.raises(InvalidSchema, match=told):
        Preferences.open(Editor, store=tmp_path / "p.db", plugins=Plugins())
    assert list(tmp_path.iterdir()) == []
    with Preferences.open(Editor, store=tmp_path / "p.db", plugins=Plugins([_Union()])) as prefs:
        prefs.set("size", 13, system=True)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Shell:
    """Give the small application, whose schema comes from a machine with another plugin."""
    shell = acme(tmp_path / "work")
    path = shell.folder / "schemas/1.0.0.json"
    document = json.loads(path.read_text())
    document["preferences"]["size"]["merge"] = "union"
    path.write_text(json.dumps(document))
    return shell


def test_a_document_opens_without_and_is_told_of_where_merging_needs_it(elsewhere: Shell) -> None:
    elsewhere.run("set", "size=13")
    told = elsewhere.run("doctor").out
    assert "schema 1.0.0 merges size by 'union', which no plugin here has" in told
    elsewhere.write("same.json", json.dumps({"theme": "dark"}))
    elsewhere.run("import", "same.json")
    elsewhere.write("other.json", json.dumps({"size": 14}))
    said = elsewhere.fails(2, "import", "other.json")
    assert "schema 1.0.0 merges size by 'union', and there is no such strategy; known" in said
    assert "--merge 'size=STRATEGY'" in said
    assert elsewhere.run("get", "size").out == "13\n"
    elsewhere.run("import", "other.json", "--merge", "size=theirs")
    assert elsewhere.run("get", "size").out == "14\n"
