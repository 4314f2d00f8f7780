"""Backups of a pruned store, backups from before it was pruned, and the one that pruning makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore.errors import HistoryPruned, UsageError
from prefcore.interfaces import Store
from prefcore_testing.stores.whole_state import state_of
from tests.engines.backups.world import World, world
from tests.engines.world import APP


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def _through(store: Store) -> int:
    with store.snapshot() as view:
        return view.pruned(APP)


def test_pruned_store_is_backed_up_verified_deeply_and_restored_whole(here: World) -> None:
    here.prefs.apply(here.prefs.plan_prune(keep_last=1))
    through = _through(here.store)
    assert through > 1
    with here.backups() as backups:
        manifest = backups.create(here.store).manifest
        backups.verify(manifest, level=3)
        fresh = here.open("fresh.db")
        backups.load(manifest, fresh)
        again = backups.create(fresh, always=True).manifest
    assert state_of(fresh) == state_of(here.store)
    digests = {here.files()[one.name].splitlines()[-1] for one in (manifest, again)}
    assert len(digests) == 1, "the same state has two digests"
    assert list(fresh.check()) == []
    assert _through(fresh) == through
    with here.preferences(fresh) as prefs:
        with pytest.raises(HistoryPruned):
            prefs.plan_migration("1.0.0")
        prefs.set("font_size", 10, user="alice")
        prefs.apply(prefs.plan_prune(keep_last=1))
        prefs.apply(prefs.plan_undo())
        assert prefs.get("font_size", user="alice") == 9
        assert list(prefs.problems()) == []
        assert _through(fresh) > through


def test_backup_from_before_gives_values_back_and_a_new_store_all_of_the_history(
    here: World,
) -> None:
    with here.backups() as backups:
        manifest = backups.create(here.store).manifest
    whole = state_of(here.store)
    here.prefs.set("font_size", 11, user="alice")
    here.prefs.apply(here.prefs.plan_prune(keep_last=0))
    through = _through(here.store)
    made = here.prefs.apply(here.prefs.plan_restore(manifest.id, target=here.url, back_up=False))
    assert made is not None
    assert here.prefs.get("font_size", user="alice") == 9
    assert _through(here.store) == through, "a backup of values brought history back"
    assert list(here.store.check()) == []
    here.prefs.apply(here.prefs.plan_undo(made.id))
    assert here.prefs.get("font_size", user="alice") == 11
    fresh = here.open("fresh.db")
    with here.backups() as backups:
        backups.load(manifest, fresh)
    assert state_of(fresh) == whole
    assert _through(fresh) == 0
    with here.preferences(fresh) as prefs:
        prefs.apply(prefs.plan_migration("1.0.0"))


def test_pruning_makes_a_backup_first_which_holds_what_it_forgets(here: World) -> None:
    whole = state_of(here.store)
    with here.preferences(here.store, targets=True) as prefs:
        with prefs.begin_prune(keep_last=0) as begun:
            begun.commit()
            assert "holds the state before" in begun.secured
        with prefs.backups() as backups:
            (manifest,) = backups.list().whole
            fresh = here.open("fresh.db")
            backups.load(manifest, fresh)
    assert state_of(fresh) == whole


def test_where_no_backup_can_be_made_nothing_is_pruned(here: World) -> None:
    here.target.write_text("a file stands where the folder should be")
    with here.preferences(here.store, targets=True) as prefs:
        plan = prefs.plan_prune(keep_last=0)
        with pytest.raises(UsageError, match="nothing was changed"):
            prefs.apply(plan)
        assert _through(here.store) == 0
        prefs.apply(prefs.plan_prune(keep_last=0, back_up=False))
        assert _through(here.store) > 0


def test_another_applications_history_stays_in_the_store_and_in_its_backup(here: World) -> None:
    here.prefs.apply(here.prefs.plan_prune(keep_last=0))
    with here.store.snapshot() as view:
        (other,) = view.changesets("other")
        assert len(list(view.changes(other.revision))) == 1
        assert view.pruned("other") == 0
        kinds = [one.kind for one in view.records()]
    assert kinds[:3] == ["app", "app", "pruned"]
