"""Backups of a whole store: made, found, verified, and turned into a store again."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import attrs
import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.backups.manifests import _checksum, manifest_bytes, read_manifest
from prefcore.errors import (
    ForeignFile,
    IntegrityError,
    NewerFormat,
    NotFound,
    PluginError,
    PluginMissing,
    PrefcoreError,
    TargetUnreachable,
    UsageError,
)
from prefcore.facade.backups import target_named
from prefcore_testing.stores.whole_state import state_of
from tests.engines.backups.forging import forge, plugins_without_full_state
from tests.engines.backups.world import World, world
from tests.engines.world import APP, values


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


# ------------------------------------------------------------------------ there and back again


def test_store_made_of_a_backup_is_the_store(here: World) -> None:
    backups = here.backups()
    taken = backups.create(here.store)
    assert taken.is_new
    new = here.open("new.db")
    backups.load(backups.find("latest"), new)
    assert state_of(new) == state_of(here.store)
    assert list(new.check()) == []
    new.close()


def test_restored_store_can_still_migrate_down_with_later_edits(here: World) -> None:
    here.backups().create(here.store)
    new = here.open("new.db")
    here.backups().load(here.backups().find("latest"), new)
    prefs = here.preferences(new)
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert values(prefs) == {"tool": "yapf", "size": 9, "legacy.mode": True}
    assert values(prefs, "bob") == {"tool": "ruff", "size": 7, "legacy.mode": True}
    assert list(new.check()) == []
    new.close()


def test_memory_store_is_backed_up_and_filled_too(here: World) -> None:
    memory = MemoryStore()
    memory.load(*state_of(here.store))
    here.backups().create(memory)
    other = MemoryStore()
    here.backups().load(here.backups().find("latest"), other)
    assert state_of(other) == state_of(here.store)


def test_manifest_tells_what_is_in_the_backup(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    with here.store.snapshot() as view:
        states = [view.state(app) for app in view.apps()]
        last = list(view.audit())[-1]
        first = list(view.changesets())[-1]
    assert [(one.app, one.schema, one.changeset) for one in manifest.apps] == [
        (one.app, one.version, one.last_changeset) for one in states
    ]
    assert dict(manifest.scopes) == {
        "project": (1, 1),
        "system": (1, 1),
        "template": (1, 1),
        "user": (2, 4),
    }
    assert (manifest.sets, manifest.entries) == (5, 7)
    assert (manifest.revision, manifest.chain) == (last.revision, last.chain)
    assert manifest.lineage == first.id
    assert manifest.encrypted is False
    document = here.files()[manifest.name]
    assert len(document) == manifest.size
    assert json.loads(document)["trailer"]["digest"] == manifest.content


def test_backup_is_two_files_and_nothing_else(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    assert sorted(here.files()) == [
        f"{manifest.id}.document.json",
        f"{manifest.id}.manifest.json",
    ]
    assert manifest_bytes(manifest) == here.files()[f"{manifest.id}.manifest.json"]


def test_ids_sort_by_time_and_are_found_by_their_beginning(here: World) -> None:
    made = []
    for number in range(3):
        here.prefs.set("font_size", number, user="bob")
        made.append(here.backups().create(here.store).manifest)
    found = here.backups().list()
    assert found.whole == tuple(made)
    assert [one.state for one in found.backups] == ["ok"] * 3
    for one in made:
        assert here.backups().find(one.id) == one
        assert here.backups().find(one.id[:30]) == one
    assert here.backups().find("latest") == made[-1]
    for name in ("", "zzz", made[0].id[:2], made[0].id + "0"):
        with pytest.raises(NotFound):
            here.backups().find(name)


def test_latest_of_a_store_is_its_own(here: World) -> None:
    own = here.backups().create(here.store).manifest
    other = MemoryStore()
    here.preferences(other).set("font", "x", user="zoë")
    strange = here.backups().create(other).manifest
    assert here.backups().find("latest") == strange
    assert here.backups().find("latest", store=here.store) == own
    third = MemoryStore()
    assert here.backups().find("latest", store=third) == strange, "it has no history as yet"
    here.preferences(third).set("font", "y", user="zoë")
    with pytest.raises(NotFound, match="of this store"):
        here.backups().find("latest", store=third)


# ---------------------------------------------------------------------------------- unchanged


def test_unchanged_store_is_not_backed_up_again(here: World) -> None:
    first = here.backups().create(here.store)
    again = here.backups().create(here.store)
    assert (again.is_new, again.manifest) == (False, first.manifest)
    assert len(here.files()) == 2
    here.prefs.set("font_size", 10, user="alice")
    assert here.backups().create(here.store).is_new
    assert here.backups().create(here.store, always=True).is_new
    assert len(here.files()) == 6


def test_change_of_another_application_is_a_change(here: World) -> None:
    here.backups().create(here.store)
    with here.store.changeset(here.prefs._workplace.draft("set", ""), version="2.0.0") as change:
        change.write("project", "p", [("font", '"x"', 1, "api", "me")])
    assert here.backups().create(here.store).is_new


def test_backup_of_another_store_is_none_of_this_one(here: World) -> None:
    here.backups().create(here.store)
    memory = MemoryStore()
    here.preferences(memory).set("font", "x", user="zoë")
    assert here.backups().create(memory).is_new
    assert not here.backups().create(here.store).is_new


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_damaged_backup_does_not_stand_for_an_unchanged_store(here: World, damage: str) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-9] if damage == "cut" else content.replace(b"yapf", b"yapg", 1))
    taken = here.backups().create(here.store)
    assert taken.is_new
    here.backups().verify(taken.manifest, level=3)


def test_store_that_holds_nothing_is_not_backed_up(here: World) -> None:
    with pytest.raises(NotFound, match="nothing to back up"):
        here.backups().create(MemoryStore())
    assert here.files() == {}


# ------------------------------------------------------------------------------------- damage


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_any_flipped_bit_or_cut_of_the_document_is_noticed(here: World, level: int) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    content = path.read_bytes()
    random = Random(level)
    new = here.open("new.db")
    for _ in range(40 if level < 3 else 6):
        at = random.randrange(len(content))
        path.write_bytes(random.choice([_flip(at)(content), content[:at]]))
        with pytest.raises((IntegrityError, NewerFormat)):
            here.backups().verify(manifest, level=level)
        with pytest.raises((PrefcoreError,)):
            here.backups().load(manifest, new)
    assert state_of(new) == ([], [])
    path.write_bytes(content)
    here.backups().verify(manifest, level=level)
    new.close()


def test_size_is_looked_at_first(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    here.backups().verify(manifest, level=0)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="bytes, and should have"):
        here.backups().verify(manifest, level=0)
    path.unlink()
    for level in range(4):
        with pytest.raises(NotFound):
            here.backups().verify(manifest, level=level)
    with pytest.raises(UsageError):
        here.backups().verify(manifest, level=4)


@pytest.mark.parametrize(
    "field",
    ["content", "chain", "lineage", "revision", "records", "apps", "scopes", "digest", "size"],
)
def test_manifest_that_tells_otherwise_is_noticed(here: World, field: str) -> None:
    manifest = here.backups().create(here.store).manifest
    other: dict[str, object] = {
        "content": "sha256:" + "0" * 64,
        "digest": "sha256:" + "0" * 64,
        "chain": "0" * 64,
        "lineage": "x",
        "revision": 99,
        "records": 0,
        "size": manifest.size + 1,
        "apps": manifest.apps[:1],
        "scopes": {"user": (1, 1)},
    }
    forged = attrs.evolve(manifest, **{field: other[field]})  # type: ignore[arg-type]  # by name
    with pytest.raises(IntegrityError, match="manifest"):
        here.backups().verify(forged, level=2)
    new = here.open("new.db")
    with pytest.raises(IntegrityError):
        here.backups().load(forged, new)
    assert state_of(new) == ([], [])
    new.close()


def test_document_of_another_backup_in_its_place_is_noticed(here: World) -> None:
    one = here.backups().create(here.store).manifest
    here.prefs.set("font_size", 50, user="bob")
    other = here.backups().create(here.store).manifest
    (here.target / other.name).replace(here.target / one.name)
    with pytest.raises(IntegrityError):
        here.backups().verify(one)


def _forged(text: bytes, **changes: object) -> bytes:
    """Change fields of a manifest, and make its checksum anew."""
    data = json.loads(text)
    del data["checksum"]
    for name, value in changes.items():
        data[name] = {**data[name], **value} if isinstance(value, dict) else value
    return json.dumps({**data, "checksum": _checksum(data)}).encode()


MANIFESTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda text: b"",
    "no JSON": lambda text: b"{",
    "nested without end": lambda text: b"[" * 100_000,
    "other JSON": lambda text: b"[1, 2]",
    "cut": lambda text: text[:-40],
    "flipped": lambda text: text.replace(b'"json"', b'"jsom"'),
    "field twice": lambda text: text.replace(b'"id"', b'"id": "x", "id"', 1),
    "too large": lambda text: text + b" " * (2 << 20),
    "not UTF-8": lambda text: b"\xff" + text,
    "of another id": lambda text: _forged(text, id="01a2178d-1dca-735e-980a-0711b941aea4"),
    "document elsewhere": lambda text: _forged(text, document={"name": "../prefs.db"}),
    "document of root": lambda text: _forged(text, document={"name": "/etc/passwd"}),
    "document of another": lambda text: _forged(
        text, document={"name": "01a2178d-1dca-735e-980a-0711b941aea4.document.json"}
    ),
    "size that is no number": lambda text: _forged(text, document={"size": "1"}),
    "size below nothing": lambda text: _forged(text, document={"size": -1}),
    "digest that is none": lambda text: _forged(text, document={"digest": "x"}),
    "encrypted by a word": lambda text: _forged(text, document={"encrypted": "yes"}),
    "applications that are none": lambda text: _forged(text, apps=5),
    "time without a zone": lambda text: _forged(text, created_at="2026-01-01T00:00:00"),
    "unknown field": lambda text: _forged(text, more=1),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_damaged_or_forged_manifest_is_told_of_and_hurts_no_other(here: World, name: str) -> None:
    good = here.backups().create(here.store).manifest
    bad = here.backups().create(here.store, always=True).manifest
    path = here.target / f"{bad.id}.manifest.json"
    path.write_bytes(MANIFESTS[name](path.read_bytes()))
    found = here.backups().list()
    assert [(one.id, one.state) for one in found.backups] == [(good.id, "ok"), (bad.id, "damaged")]
    assert found.whole == (good,)
    with pytest.raises(IntegrityError):
        here.backups().find(bad.id)
    assert here.backups().find("latest") == good
    assert not here.backups().create(here.store).is_new


def test_a_bit_flipped_in_any_byte_of_a_manifest_is_noticed(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    name = f"{manifest.id}.manifest.json"
    whole = (here.target / name).read_bytes()
    assert read_manifest(whole, name) == manifest
    for at in range(len(whole)):
        edited = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        with pytest.raises(IntegrityError):
            read_manifest(edited, name)


def test_manifest_of_a_newer_prefcore_is_told_of(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / f"{manifest.id}.manifest.json"
    path.write_bytes(_forged(path.read_bytes(), prefcore_backup=2))
    (one,) = here.backups().list().backups
    assert one.state == "newer"
    with pytest.raises(NewerFormat, match="upgrade"):
        here.backups().find(manifest.id)


def test_document_of_a_newer_layout_is_refused(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    path.write_bytes(path.read_bytes().replace(b'"layout": 1', b'"layout": 2', 1))
    with pytest.raises(NewerFormat):
        here.backups().verify(manifest)


def test_backup_in_a_format_that_is_not_installed_names_the_package(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    with pytest.raises(PluginMissing, match="prefcore-cbor"):
        here.backups().verify(attrs.evolve(manifest, format="cbor"))


def test_history_that_was_made_up_is_found_by_a_deep_look_only(here: World) -> None:
    """Values that no audit digest knows, in a document and manifest that agree with each other."""
    manifest = forge(here)
    here.backups().verify(manifest, level=2)
    with pytest.raises(IntegrityError, match="does not agree with itself"):
        here.backups().verify(manifest, level=3)


def test_damage_of_the_store_is_told_as_the_stores_and_leaves_nothing(here: World) -> None:
    connection = sqlite3.connect(here.folder / "prefs.db")
    connection.execute("ALTER TABLE changesets RENAME COLUMN digest TO other")
    connection.close()
    with pytest.raises(PrefcoreError, match=r"prefs\.db") as caught:
        here.backups().create(here.store)
    assert "plugin" not in caught.value.message
    assert here.files() == {}


# -------------------------------------------------------------------------------- bad targets


def test_files_of_others_are_named_and_left_alone(here: World) -> None:
    here.target.mkdir()
    foreign = {
        "notes.txt": b"mine",
        "01a2178d.manifest.json": b"{}",
        "x.document.json": b"",
        "01a2178d-1dca-435e-980a-0711b941aea4.manifest.json": b"an id of version 4",
    }
    for name, content in foreign.items():
        (here.target / name).write_bytes(content)
    manifest = here.backups().create(here.store).manifest
    found = here.backups().list()
    assert found.foreign == tuple(sorted(foreign))
    assert found.whole == (manifest,)
    assert {name: here.files()[name] for name in foreign} == foreign


def test_document_without_a_manifest_is_incomplete(here: World) -> None:
    whole = here.backups().create(here.store).manifest
    cut = here.backups().create(here.store, always=True).manifest
    (here.target / f"{cut.id}.manifest.json").unlink()
    found = here.backups().list()
    assert [(one.id, one.state) for one in found.backups] == [
        (whole.id, "ok"),
        (cut.id, "incomplete"),
    ]
    with pytest.raises(IntegrityError, match="cut off"):
        here.backups().find(cut.id)
    assert here.backups().find("latest") == whole


def test_link_in_the_place_of_a_document_is_not_followed(here: World, tmp_path: Path) -> None:
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    (one,) = here.backups().list().backups
    assert one.state == "damaged"
    with pytest.raises((NotFound, ForeignFile)):
        here.backups().verify(manifest)


def test_target_that_is_gone_or_a_link_is_refused(here: World, tmp_path: Path) -> None:
    here.url = f"file://{tmp_path}/not/mounted"
    with pytest.raises(TargetUnreachable):
        here.backups().create(here.store)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    here.url = f"file://{tmp_path}/link"
    with pytest.raises(UsageError, match="symbolic link"):
        here.backups().create(here.store)
    assert list((tmp_path / "real").iterdir()) == []


def test_targets_are_named_by_configuration_or_url() -> None:
    two = {"nightly": "file:///n", "usb": "file:///u"}
    assert target_named("usb", two) == ("usb", "file:///u")
    assert target_named("file:///x", two) == ("file:///x", "file:///x")
    assert target_named(None, {"usb": "file:///u"}) == ("usb", "file:///u")
    assert target_named(None, {**two, "default": "file:///d"}) == ("default", "file:///d")
    with pytest.raises(UsageError, match="nightly, usb"):
        target_named(None, two)
    with pytest.raises(UsageError, match="no backup target"):
        target_named(None, {})
    with pytest.raises(UsageError, match=r"'x'.*nightly, usb"):
        target_named("x", two)


def test_format_that_carries_no_whole_store_is_refused(here: World) -> None:
    here_backups = here.backups()
    here_backups._plugins = plugins_without_full_state()
    with pytest.raises(PluginError, match="does not carry a whole store"):
        here_backups.create(here.store, format="json")
    with pytest.raises(NotFound, match="prefcore-json"):
        here_backups.create(here.store)
    assert here.files() == {}


# ------------------------------------------------------------------------------- all at once


def test_backups_are_taken_while_others_write_and_back_up(here: World) -> None:
    stop = threading.Event()
    raised: list[BaseException] = []

    def write(owner: str) -> None:
        store = here.open("prefs.db")
        prefs = here.preferences(store)
        number = 0
        try:
            while not stop.is_set():
                number += 1
                prefs.set_many("user", owner, {"font_size": number % 100, "font": f"f{number}"})
        except BaseException as error:  # noqa: BLE001  # told below
            raised.append(error)
        finally:
            store.close()

    def back_up() -> None:
        try:
            for _ in range(4):
                here.backups().create(here.store, always=True)
        except BaseException as error:  # noqa: BLE001  # told below
            raised.append(error)

    writers = [threading.Thread(target=write, args=(f"writer{i}",)) for i in range(2)]
    makers = [threading.Thread(target=back_up) for _ in range(2)]
    for thread in (*writers, *makers):
        thread.start()
    for thread in makers:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    assert raised == []
    found = here.backups().list()
    assert len(found.whole) == 8
    for one in found.whole:
        here.backups().verify(one, level=3)
    with here.store.snapshot() as view:
        chain = {link.revision: link.chain for link in view.audit()}
    assert all(chain[one.revision] == one.chain for one in found.whole)


def test_manifests_come_back_as_they_were_written(here: World) -> None:
    manifest = here.backups().create(here.store).manifest
    name = f"{manifest.id}.manifest.json"
    assert read_manifest(manifest_bytes(manifest), name) == manifest
    assert here.prefs.app == APP
