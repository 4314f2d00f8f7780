"""The real histories, compared in order: what is known of single releases, and the page of all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from prefcore.schema import Snapshots
from prefcore.schema.compatibility import Comparison, Finding, in_order

DOCS = Path(__file__).parents[3] / "docs"
SCRIPT = DOCS / "examples/real_histories.py"


@pytest.fixture(scope="module")
def go() -> dict[str, Comparison]:
    snapshots = Snapshots(DOCS / "examples/first-upgrade/schemas", "golang.go")
    documents = [snapshots.load(version) for version in snapshots.versions]
    return {one.newer.version: one for one in in_order(documents)}


def told(comparison: Comparison, key: str) -> dict[str, Finding]:
    return {one.rule: one for one in comparison.findings if one.key == key and not one.path}


def rules(comparison: Comparison, *wanted: str) -> dict[str, set[str]]:
    return {rule: {one.key for one in comparison.findings if one.rule == rule} for rule in wanted}


def test_at_0_21_0_a_key_is_gone_that_nobody_deprecated(go: dict[str, Comparison]) -> None:
    found = rules(go["0.21.0"], "K03", "K04")
    assert found == {"K03": set(), "K04": {"go.languageServerExperimentalFeatures"}}
    gone = told(go["0.21.0"], "go.languageServerExperimentalFeatures")["K04"]
    assert (gone.bump(), gone.level) == ("major", "error")
    paths = told(go["0.21.0"], "go.toolsGopath")
    assert (paths["T05"].unknown, paths["D01"].bump()) == (None, "minor")


def test_at_0_21_1_it_is_back(go: dict[str, Comparison]) -> None:
    (back,) = [one for one in go["0.21.1"].findings if one.rule == "K01"]
    assert back.message == ("go.languageServerExperimentalFeatures: it is back; 0.20.2 had it too")


def test_at_0_24_0_a_value_that_people_held_is_refused(go: dict[str, Comparison]) -> None:
    found = told(go["0.24.0"], "go.formatTool")
    assert (found["E02"].refused, found["E01"].unknown) == ("goreturns", "default")
    assert found["D01"].message == (
        'go.formatTool: the default changed from "goimports" to "default"'
    )
    assert rules(go["0.24.0"], "K03") == {"K03": {"go.overwriteGoplsMiddleware"}}


GONE_AT_0_40_0 = {
    "go.autocompleteUnimportedPackages",
    "go.docsTool",
    "go.gocodeAutoBuild",
    "go.gocodeFlags",
    "go.gocodePackageLookupMode",
    "go.gotoSymbol.ignoreFolders",
    "go.gotoSymbol.includeGoroot",
    "go.gotoSymbol.includeImports",
    "go.liveErrors",
    "go.useCodeSnippetsOnFunctionSuggest",
    "go.useCodeSnippetsOnFunctionSuggestWithoutType",
    "go.useGoProxyToCheckForToolUpdates",
}


def test_at_0_39_0_one_key_is_gone_and_others_are_deprecated(go: dict[str, Comparison]) -> None:
    found = rules(go["0.39.0"], "K03", "K04", "K11")
    assert (found["K03"], found["K04"]) == (set(), {"go.languageServerExperimentalFeatures"})
    # One of those that 0.40.0 removes was deprecated in 0.20.0 already.
    assert found["K11"] >= GONE_AT_0_40_0 - {"go.useGoProxyToCheckForToolUpdates"}


def test_at_0_40_0_what_was_deprecated_is_gone(go: dict[str, Comparison]) -> None:
    assert rules(go["0.40.0"], "K03", "K04") == {"K03": GONE_AT_0_40_0, "K04": set()}
    assert all(
        told(go["0.40.0"], key)["K03"].message == f"{key}: it is gone, as its deprecation said"
        for key in GONE_AT_0_40_0
    )


def test_the_page_of_real_histories_is_what_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("real_histories", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), (
        "run: .venv/bin/python docs/examples/real_histories.py --write"
    )
