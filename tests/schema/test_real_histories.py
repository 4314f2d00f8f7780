"""The real schemas of vscode-go and lazygit, read whole and judged by an independent validator."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.snapshots import Snapshots, read_schema
from prefcore.schema.versions import Version
from prefcore.values import UNSET

HERE = Path(__file__).parents[2]
GO = HERE / "docs/examples/first-upgrade"
LAZYGIT = HERE / "tests/data/lazygit"
USER_2020 = json.loads((GO / "users/2020-remote-kind.json").read_text())

# Keys of the user of 2020 that 0.40.0 no longer has.
GONE = {
    "go.autocompleteUnimportedPackages",
    "go.docsTool",
    "go.gocodeAutoBuild",
    "go.gocodePackageLookupMode",
    "go.gotoSymbol.includeImports",
    "go.liveErrors",
    "go.useCodeSnippetsOnFunctionSuggest",
    "go.useCodeSnippetsOnFunctionSuggestWithoutType",
}


@pytest.fixture(scope="module")
def go() -> Snapshots:
    return Snapshots(GO / "schemas", "golang.go")


@pytest.fixture(scope="module")
def lazygit() -> Snapshots:
    return Snapshots(LAZYGIT, "lazygit")


@pytest.fixture(scope="module")
def go_documents(go: Snapshots) -> dict[str, SchemaDocument]:
    return {version: go.load(version) for version in go.versions}


# -- the Go extension --------------------------------------------------------------------------


def test_all_releases_of_the_go_extension_are_read(
    go_documents: dict[str, SchemaDocument],
) -> None:
    assert len(go_documents) == 52
    versions = list(go_documents)
    assert (versions[0], versions[-1]) == ("0.14.4", "0.57.1")
    for version, document in go_documents.items():
        raw = json.loads((GO / f"schemas/{version}.json").read_text())
        assert (document.app, document.version) == ("golang.go", version)
        assert set(document.preferences) == set(raw["properties"])


def test_all_that_was_not_understood_in_the_go_extension_is_known(
    go_documents: dict[str, SchemaDocument],
) -> None:
    told: Counter[str] = Counter()
    for document in go_documents.values():
        # gopls' members each repeat a scope, which VS Code ignores there.
        members = {note for note in document.notes if "the keyword 'scope'" in note}
        assert all(note.startswith("gopls.") for note in members)
        told["gopls' members have scopes"] += len(members)
        told.update(note for note in document.notes if note not in members)
    assert told == {
        "gopls' members have scopes": 44,
        "go.overwriteGoplsMiddleware.default: the keyword 'codelens' is not understood; "
        "it was left out": 13,
        "go.playground.description: a schema belongs here, not a string; it was left out": 4,
        "go.formatTool: additionalItems has no meaning without a list of items; it was left out": 3,
    }


def test_every_default_of_the_go_extension_fits_its_declaration(
    go_documents: dict[str, SchemaDocument],
) -> None:
    for document in go_documents.values():
        for key, preference in document.preferences.items():
            if preference.default is not UNSET:
                assert document.check(key, preference.default) is None


def test_the_settings_of_2020_are_valid_under_the_schema_of_their_time(go: Snapshots) -> None:
    document = go.load("0.14.4")
    values, unknown = document.flatten(USER_2020)
    assert unknown == []
    assert values == USER_2020
    for key, value in values.items():
        document.validate(key, value, scope="user", place="user/kim")


def test_one_value_of_2020_is_refused_from_0_24_0_on(
    go_documents: dict[str, SchemaDocument],
) -> None:
    refused: dict[str, list[str]] = {}
    for version, document in go_documents.items():
        for key, value in USER_2020.items():
            if key in document.preferences and document.check(key, value) is not None:
                refused.setdefault(key, []).append(version)
    assert set(refused) == {"go.formatTool"}
    later = [v for v in go_documents if Version.parse(v) >= Version.parse("0.24.0")]
    assert refused["go.formatTool"] == later
    problem = go_documents["0.24.0"].check("go.formatTool", "goreturns")
    assert problem is not None
    assert problem.rule == "enum"


def test_eight_keys_of_2020_are_gone_at_0_40_0(go: Snapshots) -> None:
    values, unknown = go.load("0.40.0").flatten(USER_2020)
    assert set(unknown) == GONE
    assert len(values) == len(USER_2020) - 8
    _, removed, _ = go.load("0.39.0").changed_keys(go.load("0.40.0"))
    assert set(removed) >= GONE - {"go.gocodeAutoBuild"}


def test_a_deprecation_names_what_to_use(go: Snapshots) -> None:
    deprecated = go.load("0.20.0").preferences["go.useGoProxyToCheckForToolUpdates"].deprecated
    assert deprecated is not None
    assert deprecated.use == "go.toolsManagement.checkForUpdates"


# -- lazygit -----------------------------------------------------------------------------------


def test_lazygits_nested_settings_become_the_keys_of_its_reference(lazygit: Snapshots) -> None:
    assert len(lazygit.versions) == 27
    some = ("0.41.0", "0.50.0", "0.64.0")
    assert [len(lazygit.load(v).preferences) for v in some] == [235, 270, 298]
    document = lazygit.load("0.64.0")
    assert document.notes == ()
    assert document.sections["gui"] == "Config relating to the Lazygit UI"
    preference = document.preferences["gui.scrollHeight"]
    assert (preference.default, preference.shape.minimum) == (2, 1)


def test_lazygits_recursive_menus_are_checked_to_the_bottom(lazygit: Snapshots) -> None:
    document = lazygit.load("0.64.0")
    menu: dict[str, Any] = {"key": "a", "commandMenu": [{"key": ["b", "c"], "command": "ls"}]}
    assert document.check("customCommands", [menu]) is None
    menu["commandMenu"][0]["commandMenu"] = [{"key": 5}]
    problem = document.check("customCommands", [menu])
    assert problem is not None
    assert problem.path == "[0].commandMenu[0].commandMenu[0].key"
    assert problem.message == "5 is an integer, not a string or an array"


def test_what_contradicts_itself_in_lazygit_is_noted(lazygit: Snapshots) -> None:
    notes = {note for v in lazygit.versions for note in lazygit.load(v).notes}
    assert "git.paging.pager: its default" in "".join(notes)
    (note,) = lazygit.load("0.41.0").notes
    assert note == (
        "git.paging.pager: its default does not fit its declaration: "
        "it has 0 characters; at least 1 are needed"
    )


# -- both --------------------------------------------------------------------------------------

REAL = [
    *(pytest.param(GO / "schemas", "golang.go", v, id=f"go {v}") for v in ("0.14.4", "0.57.1")),
    *(pytest.param(LAZYGIT, "lazygit", v, id=f"lazygit {v}") for v in ("0.41.0", "0.64.0")),
]


def candidates(document: SchemaDocument, key: str) -> Iterator[object]:
    """Give values near what a key allows, and far from it."""
    preference = document.preferences[key]
    shape = preference.shape
    yield from (None, True, 0, 1, -1, 1.5, 10_000, "", "x", [], [""], ["x", "x"], [5], [[]], {})
    yield from ({"x": "y"}, {"x": 5}, [{}], [{"key": "a"}], [{"key": 5, "nothing": 1}])
    if preference.default not in (UNSET, None):
        yield preference.default
    yield from shape.enum or ()
    for name, inner in shape.properties.items():
        yield from ({name: value} for value in (None, False, 5, "x", [], {}, *(inner.enum or ())))
    if shape.items is not None:
        yield from ([value] for value in shape.items.enum or ())


@pytest.mark.parametrize(("folder", "app", "version"), REAL)
def test_checks_agree_with_jsonschema_on_the_raw_schema(
    folder: Path, app: str, version: str
) -> None:
    path = next(folder.glob(f"{version}.*json"))
    document = read_schema(path, app=app)
    raw = json.loads(path.read_text())
    checked = 0
    for key in document.preferences:
        judge = independent(raw, key)
        for value in candidates(document, key):
            found = document.check(key, value)
            assert (found is None) == judge.is_valid(value), (key, value, found)
            checked += 1
    assert checked > 1_000


def independent(raw: dict[str, Any], key: str) -> Draft202012Validator:
    """Give a judge of one key's values by the schema as it was published."""
    if key in raw.get("properties", {}):
        return Draft202012Validator(without_oddities(raw["properties"][key]))
    # lazygit nests: go down to where the path leads, and judge there with all definitions.
    definitions = raw.get("$defs", {})
    found = raw
    for name in key.split("."):
        while "$ref" in found:
            found = definitions[found["$ref"].removeprefix("#/$defs/")]
        found = found["properties"][name]
    return Draft202012Validator({"allOf": [found], "$defs": definitions})


def without_oddities(schema: Any) -> Any:
    """Leave out what is no schema where one belongs; the validator would fail on it."""
    if not isinstance(schema, dict):
        return schema
    clean = {word: without_oddities(value) for word, value in schema.items()}
    members = clean.get("properties")
    if isinstance(members, dict):
        clean["properties"] = {n: s for n, s in members.items() if isinstance(s, dict)}
    return clean


@pytest.mark.parametrize(("folder", "app", "version"), REAL)
def test_a_real_schema_comes_back_from_its_text_and_its_declarations(
    folder: Path, app: str, version: str
) -> None:
    document = read_schema(next(folder.glob(f"{version}.*json")), app=app)
    again = SchemaDocument.from_document(json.loads(json.dumps(document.as_document())))
    assert again == document
    for key, text in document.declarations().items():
        alone = SchemaDocument.from_declaration(app, version, key, text)
        assert alone.preferences[key] == document.preferences[key]
    assert document.changed_keys(again) == ((), (), ())
