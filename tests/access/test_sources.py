"""Steps in memory are anybody's: they get what their reader may see, and make no secret open."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from prefcore import PrefcoreError, Preferences, Secret
from prefcore.access.policy import Access, AccessPolicy, Rule
from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.refusing import Refused
from prefcore.errors import NewerFormat, NotPermitted, WrongKey
from prefcore.facade.meeting import met, read_in_memory
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Operation, Step, python, rename
from prefcore.model import Selection
from prefcore.schema import SchemaDocument
from prefcore.values import Sealed

ME = "me"
SECRET = "hush-4711"
TEXT: dict[str, object] = {"shape": {"type": "string"}}
_SYSTEM = Selection(scopes=("system",))
HIDDEN: dict[str, object] = {**TEXT, "sensitive": True}


def schema(version: str, **preferences: dict[str, object]) -> SchemaDocument:
    fields = {key.replace("_", "."): one for key, one in preferences.items()}
    return SchemaDocument.from_document(
        {"prefcore_schema": 1, "app": "acme", "version": version, "preferences": fields}
    )


def _copy(held: dict[str, Any]) -> dict[str, object]:
    return {"copy": held["api.token"]} if "api.token" in held else {}


def _bits(held: dict[str, Any]) -> dict[str, object]:
    return {"copy": "x"} if held.get("api.token", "").startswith("hush") else {}


def _raises(held: dict[str, Any]) -> dict[str, object]:
    assert not held.get("api.token", "").startswith("hush")
    return {}


def reading(forth: Callable[[dict[str, Any]], dict[str, object]]) -> Operation:
    return python(forth, reads=["api.token"], writes=["copy"])


SHORT = schema("3.0.0", copy={"shape": {"type": "string", "maxLength": 1}})
NEWER = schema("2.0.0", api_token=HIDDEN, copy=TEXT)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(str(tmp_path_factory.mktemp("ring") / "keys"), environ={})
    keys.folder.create(datetime.now(UTC), keys.folder.new_root_file)
    return keys


def facade(store: Store, document: SchemaDocument, keys: Keys, **more: Any) -> Preferences[Any]:
    return Preferences(store, "acme", schema=document, keys=keys, environ={}, actor=ME, **more)


def held(keys: Keys, secret: str = SECRET, **preferences: dict[str, object]) -> Store:
    """Give a store at 1.0.0 that holds each key, in the system's set and in my own."""
    store, document = MemoryStore(), schema("1.0.0", **preferences)
    prefs = facade(store, document, keys)
    for key, one in document.preferences.items():
        value: object = Secret(secret) if one.sensitive else secret
        prefs.set(key, value, system=True)
        prefs.set(key, value, user=ME)
    return store


@contextmanager
def in_memory(
    store: Store, keys: Keys, newer: SchemaDocument, *operations: Operation, access: Access | None
) -> Iterator[Preferences[Any]]:
    step = Step("1.0.0", newer.version, *operations)
    prefs = facade(store, newer, keys, migrations=[step], access=access)
    prefs._use(read_in_memory(prefs._workplace, "1.0.0", newer))
    yield prefs


def reader(*rules: Rule, role: str = "user") -> Access:
    members = {"admin": ("kim",), "security_admin": ("kim",), role: (ME,)}
    return Access(ME, [AccessPolicy(members, rules)])


def _exported(prefs: Preferences[Any], **more: Any) -> bytes:
    out = io.BytesIO()
    prefs.export(out, format="json", **more)
    return out.getvalue()


def _shown(value: object) -> str:
    return str(value.reveal() if isinstance(value, Secret) else value)


def _values(prefs: Preferences[Any]) -> list[object]:
    return [_shown(one) for one in prefs.values_of(prefs.read_set("system", "")).values()]


#: Each way to look at values, opening what it can.
WAYS: dict[str, Callable[[Preferences[Any]], object]] = {
    "get": lambda prefs: _shown(prefs.get("copy")),
    "get as a user": lambda prefs: _shown(prefs.get("copy", user=ME)),
    "reveal": lambda prefs: prefs.reveal("system", "", "copy").reveal(),
    "explain": lambda prefs: prefs.explain("copy"),
    "history": lambda prefs: list(prefs.history("copy", "system", "")),
    "read_set": lambda prefs: prefs.read_set("system", "").rows,
    "values_of": _values,
    "sets": lambda prefs: [one.rows for one in prefs.sets()],
    "effective": lambda prefs: prefs.effective(),
    "faults": lambda prefs: list(prefs.faults()),
    "export": _exported,
    "export of a plain file": lambda prefs: _exported(prefs, plain=True, selection=_SYSTEM),
    "export in clear": lambda prefs: _exported(prefs, secrets="clear"),
    "update": lambda prefs: prefs.update({}, selection=_SYSTEM).values,
    "refusals": lambda prefs: prefs.refusals(SHORT),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("forth", [_copy, _bits, _raises])
@pytest.mark.parametrize(
    "access",
    [
        reader(role="viewer"),
        reader(Rule("deny", "a rule", actions=("reveal",))),
        reader(Rule("deny", "a rule", actions=("reveal",), keys=("api.*",))),
    ],
    ids=["viewer", "denied", "denied by key"],
)
def test_who_may_not_open_a_secret_does_not_have_a_step_open_it(
    keys: Keys, access: Access, forth: Any, way: str
) -> None:
    store = held(keys, api_token=HIDDEN)
    with in_memory(store, keys, NEWER, reading(forth), access=access) as prefs:
        _sees_nothing(prefs, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", [reading(_copy), reading(_bits), rename("api.token", "copy")])
def test_what_is_made_of_an_audited_secret_is_not_opened_unrecorded(
    keys: Keys, operation: Operation, way: str
) -> None:
    store = held(keys, api_token={**HIDDEN, "audited": True})
    newer = schema(
        "2.0.0", **({} if operation.name == "rename" else {"api_token": HIDDEN}), copy=TEXT
    )
    with in_memory(store, keys, newer, operation, access=None) as prefs:
        _sees_nothing(prefs, way)


def _sees_nothing(prefs: Preferences[Any], way: str) -> None:
    found = _found(prefs, way)
    assert SECRET not in str(found)
    if isinstance(found, PrefcoreError):
        assert found.exit_code in (4, 10, 12, 17)


def _found(prefs: Preferences[Any], way: str) -> object:
    """Give what a way gives, or the error that it raises."""
    try:
        return WAYS[way](prefs)
    except PrefcoreError as error:
        return error


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_may_not_be_read_is_not_read_under_another_name(keys: Keys, way: str) -> None:
    store = held(keys, card=TEXT)
    deny = Rule("deny", "a rule", actions=("read",), keys=("card",))
    newer = schema("2.0.0", copy=TEXT)
    with in_memory(store, keys, newer, rename("card", "copy"), access=reader(deny)) as prefs:
        found = _found(prefs, way)
    if way == "refusals":
        assert found == Refused(unseen=2)
    elif way == "export in clear":
        assert found is not None
        assert SECRET not in str(found)
    else:
        assert isinstance(found, NotPermitted)
        assert SECRET not in str(found)


def test_what_a_step_makes_of_a_secret_that_one_may_open_is_a_secret(keys: Keys) -> None:
    store = held(keys, api_token=HIDDEN)
    with in_memory(store, keys, NEWER, reading(_copy), access=reader()) as prefs:
        found = prefs.get("copy")
        assert isinstance(found, Secret)
        assert found.reveal() == SECRET
        assert isinstance(dict(one[:2] for one in prefs.effective())["copy"], Sealed)
        assert SECRET.encode() not in _exported(prefs)
        assert b"copy" in _exported(prefs)


def test_others_are_read_though_a_secret_is_withheld(keys: Keys) -> None:
    store = held(keys, api_token={**HIDDEN, "audited": True}, other=HIDDEN, theme=TEXT)
    newer = schema("2.0.0", api_token=HIDDEN, copy=TEXT, other=HIDDEN, theme=TEXT)
    with in_memory(store, keys, newer, reading(_copy), access=reader()) as prefs:
        assert _shown(prefs.get("other")) == SECRET
        assert prefs.get("theme") == SECRET
        for key in ("copy", "api.token"):
            with pytest.raises(WrongKey, match="or whose readings are recorded"):
                prefs.get(key)
        told = prefs.export(out := io.BytesIO(), format="json")
    assert b'"theme"' in out.getvalue()
    assert told.trailer.entries == 4, "theme and other, of two sets"


@pytest.mark.parametrize("forth", [_bits, _raises])
def test_a_step_does_not_tell_a_secret_by_what_it_leaves_out(keys: Keys, forth: Any) -> None:
    seen = []
    for secret in (SECRET, "another"):
        store = held(keys, secret, api_token=HIDDEN)
        with in_memory(store, keys, NEWER, reading(forth), access=reader(role="viewer")) as prefs:
            seen.append([(key, from_) for key, _, from_ in prefs.effective()])
    assert seen[0] == seen[1] == [("api.token", "system"), ("copy", "system")]


def test_a_check_against_the_store_records_which_audited_secrets_it_reads(keys: Keys) -> None:
    store = held(keys, api_token={**HIDDEN, "audited": True}, theme=TEXT)
    document = schema("1.0.0", api_token={**HIDDEN, "audited": True}, theme=TEXT)
    prefs = facade(store, document, keys)
    short = {**HIDDEN, "shape": {"type": "string", "maxLength": 1}}
    newer = schema("2.0.0", api_token=short, theme=TEXT)
    assert sum(one.count for one in prefs.refusals(newer).found) == 2
    told = [(one.reason, one.details) for one in prefs.log() if one.kind == "read"]
    assert told == [("read for a check against schema 2.0.0", {"keys": {"api.token": 2}})]
    viewer = facade(store, document, keys, access=reader(role="viewer"))
    assert viewer.refusals(newer) == Refused(unseen=2), "it would tell what they hold"


def test_an_older_program_does_not_read_unrecorded_what_the_store_has_recorded(keys: Keys) -> None:
    store = held(keys, api_token={**HIDDEN, "audited": True}, other=HIDDEN)
    older = schema("0.9.0", api_token=HIDDEN, other=HIDDEN)
    prefs = facade(store, older, keys)
    prefs._use(met(prefs._workplace, older, "never"))
    assert _shown(prefs.get("other")) == SECRET
    for read in (WAYS["values_of"], lambda prefs: prefs.get("api.token")):
        with pytest.raises(NewerFormat):
            read(prefs)
