"""After a rotation, with all values encrypted anew, every act sees equal secrets as equal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore.engines.importing import ImportRequest
from prefcore.keys import Keys
from prefcore.migration import Step, convert, remove
from prefcore.schema.secret import Secret
from prefcore.values import Sealed, from_text
from tests.facade.test_secrets import AT, Prefs, document, exported, opened

OWNERS = ("alice", "bob", "carol")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    keys = Keys(str(tmp_path / "keys"), environ={})
    keys.folder.create(AT, keys.folder.new_root_file)
    return keys


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "prefs.db"


@pytest.fixture
def prefs(place: Path, keys: Keys) -> Iterator[Prefs]:
    """A store whose owners hold a secret each, that was another one before."""
    with opened(place, keys) as prefs:
        for word in ("older", "now"):
            for owner in OWNERS:
                prefs.set("token", f"{word} of {owner}", user=owner)
        yield prefs


def rotate(prefs: Prefs, *, compromised: bool = False) -> None:
    """Make a new key, and bring all there is under it."""
    ring = prefs.keys.ring
    assert ring is not None
    old = ring.active.id
    if compromised:
        prefs.keys.folder.change(lambda ring: ring.compromised(old, AT, os.urandom))
    else:
        prefs.keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
    told = prefs.reencrypt()
    assert told.locked == 0
    assert set(ids(prefs)) == {prefs.keys.ring.active.id}  # type: ignore[union-attr]  # there is one


def ids(prefs: Prefs) -> Iterator[str]:
    """Give the key of each sealed value, of now and of the past."""
    for one in prefs.sets():
        for row in one.rows:
            if isinstance(value := from_text(row[1]), Sealed):
                yield value.key_id
    for changeset in prefs.log():
        for change in prefs.changes(changeset):
            for entry in (getattr(change, "before", None), getattr(change, "after", None)):
                if isinstance(value := getattr(entry, "value", None), Sealed):
                    yield value.key_id


@pytest.mark.parametrize("compromised", [False, True], ids=["rotated", "compromised"])
def test_nothing_counts_as_changed_and_the_log_still_agrees(
    prefs: Prefs, place: Path, compromised: bool
) -> None:
    document = place.with_name("before.json")
    document.write_bytes(exported(prefs))
    rotate(prefs, compromised=compromised)
    two_ways = ImportRequest(path=document, name="before.json", two_ways=True)
    assert prefs.plan_import(document).is_empty
    assert prefs.plan_import(two_ways).is_empty
    assert prefs.set("token", "now of alice", user="alice") is None
    assert prefs.plan_set("user", "bob", {"token": "now of bob"}).is_empty
    verified = prefs.audit.verify().found
    assert (verified.problems, verified.locked) == ((), 0)
    assert list(prefs.store.check()) == []


def test_a_merge_with_a_document_from_before_goes_by_what_changed(
    prefs: Prefs, place: Path, keys: Keys
) -> None:
    document = place.with_name("before.json")
    document.write_bytes(exported(prefs))
    with opened(place.with_name("other.db"), keys) as there:
        there.apply(there.plan_import(document))
        there.set("token", "theirs", user="bob")
        there.set("token", "the same", user="carol")
        back = place.with_name("back.json")
        back.write_bytes(exported(there))
    prefs.set("token", "ours", user="alice")
    prefs.set("token", "the same", user="carol")
    rotate(prefs)
    plan = prefs.plan_import(back)
    assert plan.conflicts == ()
    assert [(one.owner, one.key) for one in plan.items] == [("bob", "token")]
    prefs.apply(plan)
    found = [prefs.get("token", user=owner) for owner in OWNERS]
    assert found == [Secret("ours"), Secret("theirs"), Secret("the same")]
    prefs.set("token", "mine", user="bob")
    with opened(place.with_name("other.db"), keys) as there:
        there.set("token", "yours", user="bob")
        back.write_bytes(exported(there))
    rotate(prefs)
    (conflict,) = prefs.plan_import(back).conflicts
    assert conflict.key == "token"


def test_undo_takes_back_what_was_done_before(prefs: Prefs) -> None:
    set_bob = next(one for one in prefs.log() if one.reason == "" and _sets(prefs, one.id, "bob"))
    prefs.set("token", "newest", user="alice")
    rotate(prefs)
    plan = prefs.plan_undo(set_bob.id)
    assert plan.conflicts == ()
    prefs.apply(plan)
    assert prefs.get("token", user="bob") == Secret("older of bob")
    touched = prefs.plan_undo(next(o for o in prefs.log() if _sets(prefs, o.id, "alice", -1)).id)
    assert touched.conflicts, "alice's was set again since"


def _sets(prefs: Prefs, id: str, owner: str, nth: int = 0) -> bool:
    """Say whether a changeset is the newest, or with -1 the oldest, to set an owner's secret."""
    own = [
        one.id
        for one in prefs.log()
        for change in prefs.changes(one)
        if one.kind == "set" and getattr(change, "owner", "") == owner
    ]
    return own[nth] == id


def test_a_rollback_gives_back_what_was_there_and_carries_edits(
    prefs: Prefs, place: Path, keys: Keys
) -> None:
    second = document("2.0.0", token=True)
    prefs.set("name", "Alice", user="alice")
    prefs.register(second)
    step = Step(
        "1.0.0",
        "2.0.0",
        convert("token", up=lambda held: f"{held}!", down=lambda held: held.removesuffix("!")),
        remove("name"),
    )
    with opened(place, keys, second, migrations=[step]) as newer:
        newer.apply(newer.plan_migration("2.0.0"))
        newer.set("token", "edited!", user="carol")
        rotate(newer)
        plan = newer.plan_migration("1.0.0")
        assert plan.conflicts == ()
        newer.apply(plan)
        found = [newer.get("token", user=owner) for owner in OWNERS]
        assert found == [Secret("now of alice"), Secret("now of bob"), Secret("edited")]
        assert newer.get("name", user="alice") == "Alice"
        assert newer.audit.verify().found.problems == ()
