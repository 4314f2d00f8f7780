"""Every check of the store suite fails some store that breaks what the check is about.

The broken stores are the memory store with one place of its source replaced, in a package of its
own, so that the oracle of the random stories stays whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from prefcore.builtin import memory_store
from prefcore.interfaces import Store
from prefcore_testing.mutants import Fault, mutant
from prefcore_testing.stores import StoreSuite

#: Each imports from those before it.
_MODULES = (
    *("state", "resealing", "records", "reading", "pruning", "writing", "checking"),
    *("store", "__init__"),
)

FAULTS = [
    # ------------------------------------------------------------------------------ reading
    Fault(
        "state of nothing has no zeros",
        "reading",
        "len(held.sets),",
        "len(held.sets) or 1,",
        "fresh_store_is_empty",
    ),
    Fault(
        "counts empty sets",
        "writing",
        "            del self._app.sets[where]",
        "            pass",
        "set_without_entries_is_no_set_but_its_keys_stay",
    ),
    Fault(
        "what is written at once is not compared with what stands there",
        "writing",
        "if uuid not in cells or not same_text(cells[uuid][0], cell[0]):",
        "if uuid not in cells or (len(wanted) < 30 and not same_text(cells[uuid][0], cell[0])):",
        "set_rewritten_whole_is_logged_whole "
        "entries_that_were_removed_come_back_among_others "
        "what_a_changeset_wrote_it_reads_and_writes_again "
        "set_changed_by_a_rename_between_reading_and_writing",
    ),
    Fault(
        "long texts are cut",
        "writing",
        "wanted = [(key, (text, at",
        "wanted = [(key, (text[:65536], at",
        "every_value_comes_back_as_written",
    ),
    Fault(
        "times in milliseconds",
        "writing",
        "(text, at, source, by)) for",
        "(text, at // 1000 * 1000, source, by)) for",
        "metadata_comes_back_as_written",
    ),
    Fault(
        "rows sort as UTF-16",
        "reading",
        "        return sorted(\n            (name, *cell) for name, cell in named"
        " if name is not None and selection.takes_key(name)\n        )",
        "        found = [(name, *cell) for name, cell in named if selection.takes_key(name)]\n"
        "        return sorted(found, key=lambda row: row[0].encode('utf-16-be'))",
        "any_name_serves_and_sorts_by_code_point",
    ),
    Fault(
        "sets come in the order written",
        "reading",
        "for scope, owner in sorted(self._state.app(app).sets):\n            if",
        "for scope, owner in list(self._state.app(app).sets):\n            if",
        "sets_come_by_scope_and_owner any_name_serves_and_sorts_by_code_point",
    ),
    Fault(
        "any scope will do",
        "writing",
        "Scope.named(scope).value",
        "str(scope)",
        "unknown_scope_is_refused",
    ),
    Fault(
        "selection gives sets of which no row is left",
        "reading",
        "if rows:",
        "if True:",
        "selection_takes_scopes_owners_and_key_globs",
    ),
    Fault(
        "one application",
        "writing",
        "base.app(draft.app).copy()",
        "next(iter(base.apps.values()), base.app('')).copy()",
        "applications_share_nothing",
    ),
    Fault(
        "keys without holders are forgotten",
        "reading",
        "for name, uuid in sorted(held.uuids.items())",
        "for name, uuid in sorted(held.uuids.items())\n"
        "            if any(uuid in cells for cells in held.sets.values())",
        "set_without_entries_is_no_set_but_its_keys_stay",
    ),
    Fault(
        "holders are not counted",
        "reading",
        "sum(uuid in cells for",
        "any(uuid in cells for",
        "keys_count_their_holders",
    ),
    Fault(
        "layers sort by scope",
        "store",
        "for scope, owner in sets)\n        return",
        "for scope, owner in sorted(sets))\n        return",
        "layers_come_in_the_order_asked_for",
    ),
    # ------------------------------------------------------------------------------ writing
    Fault(
        "same text takes new metadata",
        "writing",
        "if uuid not in cells or not same_text(cells[uuid][0], cell[0]):",
        "if uuid not in cells or cells[uuid] != cell:",
        "same_text_is_no_change_and_keeps_metadata",
    ),
    Fault(
        "equal as Python sees it",
        "writing",
        "or not same_text(cells[uuid][0], cell[0]):",
        "or __import__('json').loads(cells[uuid][0]) != __import__('json').loads(cell[0]):",
        "values_that_python_takes_for_equal_are_changes",
    ),
    Fault(
        "metadata never settles",
        "writing",
        "        self._keep_old_metadata()\n",
        "",
        "entry_that_ends_as_it_was_is_no_change random_stories_leave_what_they_leave_in_memory",
    ),
    Fault(
        "first row of a key wins",
        "writing",
        "for key, cell in wanted:",
        "for key, cell in {key: cell for key, cell in reversed(wanted)}.items():",
        "last_row_of_a_key_wins_within_one_write",
    ),
    Fault(
        "remove counts what was asked",
        "writing",
        "return len(cells) - len(staying)",
        "return len(leaving)",
        "remove_says_how_many_were_there",
    ),
    Fault(
        "transform stops at the first set",
        "writing",
        "if uuid in cells]",
        "if uuid in cells][:1]",
        "transform_changes_every_set_that_holds_the_key large_changeset_is_whole",
    ),
    Fault(
        "transform has one source",
        "writing",
        "to_micros(self._draft.at), source,",
        'to_micros(self._draft.at), "migration",',
        "transform_tells_the_source_it_is_given",
    ),
    Fault(
        "transform writes as it goes",
        "writing",
        "[(where, dict(cells), function(cells[uuid][0])) for where, cells in found]",
        "((where, dict(cells), function(cells[uuid][0])) for where, cells in found)",
        "transform_that_raises_has_changed_nothing",
    ),
    Fault(
        "write writes as it goes",
        "writing",
        "[(key, (text, at, source, by)) for key, text, at, source, by in rows]",
        "((key, (text, at, source, by)) for key, text, at, source, by in rows)",
        "write_of_rows_that_raise_has_changed_nothing",
    ),
    Fault(
        "writing while drawing fails",
        "reading",
        "for scope, owner in sorted(self._state.app(app).sets):\n            held",
        "for scope, owner in self._state.app(app).sets:\n            held",
        "sets_may_be_written_while_they_are_drawn",
    ),
    # ------------------------------------------------------------------------------ renames
    Fault(
        "rename makes a new key",
        "writing",
        "        self._name(uuid, to)\n",
        "        self._name(uuid, to)\n        new = self._app.keys.pop(uuid)\n"
        "        self._app.keys[uuid + '-'] = attrs.evolve(new, uuid=uuid + '-')\n"
        "        self._app.uuids[to] = uuid + '-'\n"
        "        for where, cells in list(self._app.sets.items()):\n"
        "            moved = {u + '-' if u == uuid else u: cell for u, cell in cells.items()}\n"
        "            self._put(where, moved)\n",
        "rename_is_for_all_owners_and_keeps_the_uuid rename_changes_no_entry"
        " history_follows_the_key_under_the_names_of_its_times",
    ),
    Fault(
        "changes carry the name before",
        "state",
        "        name = self.name_at(revision)\n        return self.name_before(revision)"
        " if name is None else name",
        "        return self.name_at(revision - 1) or self.name_at(revision) or ''",
        "change_carries_the_name_after_its_changeset",
    ),
    Fault(
        "changes carry the name of today",
        "state",
        "        name = self.name_at(revision)\n        return self.name_before",
        "        name = self.name\n        return self.name_before",
        "history_follows_the_key_under_the_names_of_its_times",
    ),
    Fault(
        "rename of nothing is told",
        "writing",
        "if uuid is None or key == to:",
        "if uuid is None:\n            self._renames.append(Rename(key, to))\n"
        "        if uuid is None or key == to:",
        "rename_of_nothing_or_to_itself_is_no_change",
    ),
    Fault(
        "rename onto a held key",
        "writing",
        "if taken is not None and any(",
        "if taken is None and any(",
        "rename_onto_a_held_key_is_refused",
    ),
    Fault(
        "names given up are lost",
        "writing",
        "if waiting is not None:",
        "if False:",
        "key_that_holds_nothing_gives_its_name_up_and_gets_it_back"
        " names_given_up_come_back_in_turn random_stories_leave_what_they_leave_in_memory",
    ),
    Fault(
        "old name stays",
        "writing",
        "        del app.uuids[key]\n",
        "",
        "new_key_may_take_a_name_left_behind keys_can_swap_their_names_in_one_changeset"
        " rename_is_for_all_owners_and_keeps_the_uuid",
    ),
    Fault(
        "a key that gave its name up has none in the log",
        "state",
        "return self.name_before(revision) if name is None else name",
        "return name or ''",
        "key_that_took_a_name_and_gave_it_up_is_told_under_its_old_one"
        " of_two_changes_under_one_name_the_retired_key_is_first",
    ),
    Fault(
        "new key before the retired one",
        "writing",
        "key.name is not None",
        "key.name is None",
        "of_two_changes_under_one_name_the_retired_key_is_first",
    ),
    Fault(
        "renames are told by what they come to",
        "writing",
        "tuple(self._renames), deltas",
        "tuple(r for r in self._renames if r.after in self._app.uuids), deltas",
        "rename_there_and_back_is_told_as_it_was_made keys_can_swap_their_names_in_one_changeset",
    ),
    Fault(
        "earlier names are forgotten",
        "reading",
        "names_told(key.names) for",
        "names_told(key.names[-1:]) for",
        "names_of_a_key_are_kept_with_the_revisions_that_gave_them",
    ),
    Fault(
        "names may move by themselves",
        "checking",
        "    yield from _check_names(state)\n",
        "",
        "name_that_moved_without_a_rename_is_refused_or_found",
    ),
    # ---------------------------------------------------------------------------------- log
    Fault(
        "details lose their types",
        "state",
        "from_text(self.details)",
        "__import__('json').loads(self.details)",
        "changeset_tells_what_its_draft_said",
    ),
    Fault(
        "last changeset is of any application",
        "reading",
        "records[-1].bare.id if records else None",
        "self._state.log[-1].bare.id if records else None",
        "revisions_count_over_all_applications",
    ),
    Fault(
        "first of several",
        "reading",
        "if len(found) != 1:",
        "if not found:",
        "changeset_is_found_by_a_unique_beginning",
    ),
    Fault(
        "changes lose their metadata",
        "reading",
        "delta.after and _entry(key.name_in(revision), delta.after)",
        "delta.after and _entry(key.name_in(revision), (delta.after[0], 1, *delta.after[2:]))",
        "changes_tell_before_and_after",
    ),
    Fault(
        "before is that of the last write",
        "writing",
        "        self._put(where, cells)\n        return changed",
        "        held = self._app.sets.get(where, {})\n"
        "        self._base = attrs.evolve(self._base, apps={**self._base.apps, self._draft.app:"
        " attrs.evolve(self._base.app(self._draft.app), sets={**self._base.app(self._draft.app)"
        ".sets, where: held})})\n"
        "        self._put(where, cells)\n        return changed",
        "before_of_an_entry_written_twice_is_that_of_the_changeset",
    ),
    Fault(
        "history of every owner",
        "reading",
        "delta.uuid == uuid and delta.place == where",
        "delta.uuid == uuid",
        "history_is_of_one_entry_newest_first",
    ),
    Fault(
        "ignored changesets are no changes",
        "reading",
        "            for delta in record.deltas:\n                key, entry",
        "            for delta in () if now in ignoring else record.deltas:\n"
        "                key, entry",
        "edits_since_tell_before_and_the_last_edit change_carries_the_name_after_its_changeset",
    ),
    Fault(
        "edits that came back are left out",
        "reading",
        "            edits.values(),\n",
        "            (one for one in edits.values() if one.before != one.edit),\n",
        "entry_that_came_back_is_still_an_edit",
    ),
    Fault(
        "edits come as they were made",
        "reading",
        "key=lambda one: (one.scope, one.owner, one.key, one.now == one.key, one.uuid)",
        "key=lambda one: (one.scope, one.owner)",
        "edits_come_by_scope_owner_and_key",
    ),
    # --------------------------------------------------------------------------- taking back
    Fault(
        "takes nothing back, and tells nobody",
        "writing",
        "        edits = self.edits_since(self._draft.app, revision, ignoring=ignoring)\n",
        "        edits = iter(())\n",
        "set_is_put_back_or_given_with_its_edits "
        "what_several_migrations_changed_goes_back_to_before_the_first "
        "what_a_migration_left_as_it_was_keeps_its_metadata",
    ),
    Fault(
        "puts back what somebody edited",
        "writing",
        "one.edited_in is not None or ",
        "",
        "set_is_put_back_or_given_with_its_edits",
    ),
    Fault(
        "puts back what bears another name",
        "writing",
        " or one.now != one.key for one",
        " for one",
        "set_whose_key_bears_another_name_is_given",
    ),
    Fault(
        "puts back what is sealed",
        "writing",
        "any(map(is_sealed_text, texts))",
        "False",
        "set_with_a_sealed_value_is_given",
    ),
    Fault(
        "what was new stays",
        "writing",
        "            self.remove(scope, owner, [one.key for one in touched if one.before is None])",
        "",
        "set_is_put_back_or_given_with_its_edits",
    ),
    Fault(
        "anything removed is parked",
        "reading",
        'if kind == "migrate" and',
        "if",
        "migration_parks_what_it_removes value_is_parked_until_its_entry_changes_again",
    ),
    Fault(
        "the last migration counts, not the last change",
        "reading",
        "for delta in deltas if delta.uuid == uuid)",
        'for delta in deltas if delta.uuid == uuid and kind == "migrate")',
        "value_is_parked_until_its_entry_changes_again",
    ),
    Fault(
        "parked under the old name",
        "reading",
        "yield *where, (key, *delta.before)",
        "yield *where, (self._state.app(app).keys[delta.uuid].names[0][1] or '', *delta.before)",
        "parked_row_has_the_present_name",
    ),
    Fault(
        "nothing parked in the making",
        "writing",
        "        if app == self._draft.app:\n            yield",
        "        if False:\n            yield",
        "migration_in_the_making_parks_too",
    ),
    Fault(
        "digest without renames",
        "state",
        "    for rename in record.renames:",
        "    for rename in ():",
        "audit_chain_is_that_of_the_log",
    ),
    Fault(
        "log in bulk tells what stands there today",
        "reading",
        "delta.after and delta.after[0],\n                )",
        "next(iter(self._rows(one.app, delta.place)), ('', None))[1],\n                )",
        "log_in_bulk_is_the_log",
    ),
    Fault(
        "chain that starts anew",
        "writing",
        "self._base.audit[-1].chain if self._base.audit else FIRST",
        "FIRST",
        "audit_chain_is_that_of_the_log threads_write_different_owners_without_loss",
    ),
    # ------------------------------------------------------------------------------ pruning
    Fault(
        "pruning forgets earlier names",
        "writing",
        "        self._app.pruned = pruning.through\n",
        "        self._app.pruned = pruning.through\n"
        "        for uuid, key in self._app.keys.items():\n"
        "            self._app.keys[uuid] = attrs.evolve(key, names=key.names[-1:])\n",
        "pruning_forgets_what_stood_before_and_nothing_else",
    ),
    Fault(
        "pruning is of all applications",
        "pruning",
        "gone = {one.bare.revision for one in mine}",
        "gone = {one.bare.revision for one in state.log if one.bare.revision <= through}",
        "pruning_forgets_what_stood_before_and_nothing_else",
    ),
    Fault(
        "what was pruned is told as nothing",
        "reading",
        "if is_pruned(record.bare, through):",
        "if False:",
        "what_takes_pruned_changes_is_refused pruning_in_vain_leaves_the_history",
    ),
    Fault(
        "edits since a pruned revision are told as far as they are known",
        "reading",
        "self.pruned(app), app, revision - 1",
        "0, app, revision - 1",
        "what_takes_pruned_changes_is_refused taking_back_what_was_pruned_is_refused",
    ),
    Fault(
        "sets right after what was pruned are refused",
        "reading",
        "refuse_older(held.pruned, app, at,",
        "refuse_older(held.pruned and held.pruned + 1, app, at,",
        "what_came_after_is_told_as_before",
    ),
    Fault(
        "a pruned application has no history",
        "reading",
        "for record in reversed(self._state.records(app)):\n            for delta in record.deltas:"
        "\n                if delta.uuid",
        "for record in [] if self.pruned(app) else reversed(self._state.records(app)):\n"
        "            for delta in record.deltas:\n                if delta.uuid",
        "history_ends_where_it_was_pruned",
    ),
    Fault(
        "renames are pruned",
        "pruning",
        "attrs.evolve(one, deltas=()) if one.bare.revision in gone else one",
        "attrs.evolve(one, deltas=(), renames=()) if one.bare.revision <= last else one",
        "changeset_without_changes_keeps_its_renames",
    ),
    Fault(
        "pruning again prunes the same",
        "pruning",
        "before = view.pruned(app)",
        "before = 0",
        "nothing_left_to_prune_is_no_change",
    ),
    Fault(
        "any changeset prunes",
        "writing",
        "if self._draft.kind != PRUNING:",
        "if False:",
        "only_a_changeset_of_its_kind_prunes",
    ),
    Fault(
        "pruning is remembered although it is abandoned",
        "writing",
        "self._app.pruned = pruning.through",
        "self._app.pruned = self._begun_on.app(app).pruned = pruning.through",
        "pruning_in_vain_leaves_the_history",
    ),
    Fault(
        "the first change after what was pruned begins with nothing",
        "checking",
        "begins = delta.before if",
        "begins = None if",
        "pruned_store_goes_on",
    ),
    Fault(
        "that a state was pruned is not loaded",
        "records",
        "self._apps[part.app].pruned = part.revision",
        "pass",
        "pruned_state_is_the_same_in_every_store",
    ),
    # ------------------------------------------------------------------------------ schemas
    Fault(
        "versions sort by name",
        "reading",
        "for schema in self._state.app(app).schemas.values()]",
        "for _, schema in sorted(self._state.app(app).schemas.items())]",
        "registered_versions_come_in_the_order_registered",
    ),
    Fault(
        "registering is no change",
        "writing",
        "Schema(text, dict(declarations), info)\n            self._schema_changed = True",
        "Schema(text, dict(declarations), info)",
        "registering_and_applying_are_changes",
    ),
    Fault(
        "applying again is a change",
        "writing",
        "if version != self._app.version:",
        "if True:",
        "doing_either_again_is_no_change",
    ),
    Fault(
        "another text replaces the first",
        "writing",
        "if known is None:",
        "if known is None or known.text != text:",
        "another_text_for_a_version_is_refused",
    ),
    Fault(
        "any version can be applied",
        "writing",
        "        if schema is None:\n",
        "        if schema is None:\n            self._app.version = version\n            return\n"
        "        if False:\n",
        "version_that_is_not_registered_is_refused",
    ),
    Fault(
        "declaration of the newest version",
        "store",
        "return held.version, held.schemas[held.version]",
        "return held.version, held.schemas[max(held.schemas)]",
        "declaration_is_that_of_the_version_in_force",
    ),
    Fault(
        "version applies at the end",
        "reading",
        "            held.version,\n            records",
        "            held.version if not hasattr(self, '_base') else self._base.app(app).version,"
        "\n            records",
        "transaction_sees_the_version_it_applies"
        " transaction_sees_its_own_writes_as_though_it_ended_here",
    ),
    Fault(
        "stale versions pass",
        "store",
        "if version != expected:",
        "if False:",
        "stale_version_is_refused migration_elsewhere_is_noticed version_is_of_one_application"
        " writer_that_fails_lets_the_next_one_in",
    ),
    # ------------------------------------------------------------------------- transactions
    Fault(
        "failure commits",
        "store",
        "            finally:\n                making.end()\n            self._state",
        "            finally:\n                making.end()\n                self._state",
        "failed_changeset_leaves_all_as_it_was"
        " transaction_of_an_unknown_application_leaves_no_trace",
    ),
    Fault(
        "failure is swallowed",
        "store",
        "                yield making\n            finally:\n",
        "                yield making\n            except BaseException:\n                return\n"
        "            finally:\n",
        "failed_changeset_leaves_all_as_it_was",
    ),
    Fault(
        "abandoned commits",
        "writing",
        "        if self._abandoned:\n            return self._begun_on\n",
        "",
        "abandoned_changeset_leaves_all_as_it_was",
    ),
    Fault(
        "the past holds the present transaction's writes",
        "writing",
        "            yield self._deltas()\n",
        "            yield ()\n",
        "past_within_a_transaction_is_without_its_own_writes",
    ),
    Fault(
        "rehearsal commits",
        "store",
        "        try:\n            yield making\n"
        "        finally:\n            making.end()\n\n    def save",
        "        yield making\n        making.end()\n        self._state = making.committed()\n\n"
        "    def save",
        "rehearsal_shows_the_changeset_and_keeps_nothing rehearsal_holds_nobody_up",
    ),
    Fault(
        "failing rehearsal commits",
        "store",
        "        finally:\n            making.end()\n\n    def save",
        "        except BaseException:\n            self._state = making.committed()\n"
        "            raise\n\n    def save",
        "rehearsal_may_fail",
    ),
    Fault(
        "rehearsal of any version",
        "store",
        "self._refuse_if_moved(draft.app, state.app(draft.app).version, version)",
        "pass",
        "rehearsal_is_of_the_version_in_force",
    ),
    Fault(
        "rehearsal waits for its turn",
        "store",
        "        making = Making(state, draft)\n        try:\n            yield making\n"
        "        finally:\n            making.end()\n\n    def save",
        "        making = Making(state, draft)\n        with self._turn():\n"
        "            yield making\n\n    def save",
        "rehearsal_holds_nobody_up rehearsal_within_a_changeset_is_of_the_state_before",
    ),
    Fault(
        "facts are not kept",
        "writing",
        "info = attrs.evolve(schema.info, facts=from_text(text))",
        "info = attrs.evolve(schema.info)",
        "what_is_said_of_a_version_is_kept_and_replaced",
    ),
    Fault(
        "facts are not checked",
        "writing",
        "        text = canonical_text(dict(facts))\n",
        "        text = repr(facts)\n",
        "what_is_said_of_no_version_or_is_not_portable_is_refused",
    ),
    Fault(
        "nothing leaves a trace",
        "writing",
        "if not (deltas or self._renames or self._schema_changed or self._noted):",
        "if False:",
        "what_changes_nothing_leaves_no_trace doing_either_again_is_no_change"
        " transaction_of_an_unknown_application_leaves_no_trace",
    ),
    Fault(
        "result too early",
        "writing",
        "        return self._result",
        "        early = Changeset('?', 1, '', '', '', self._draft.at, '', 0, None, None)\n"
        "        return self._result or early",
        "result_comes_with_the_end abandoned_changeset_leaves_all_as_it_was",
    ),
    Fault(
        "own renames are seen at the end",
        "writing",
        "super().__init__(attrs.evolve(base, apps={**base.apps, draft.app: self._app}))",
        "super().__init__(base)\n"
        "        self._late = attrs.evolve(base, apps={**base.apps, draft.app: self._app})",
        "transaction_sees_its_own_writes_as_though_it_ended_here",
    ),
    Fault(
        "log shows the changeset in the making",
        "reading",
        "    def changes(self, revision: int) -> Iterator[Change | Rename]:\n",
        "    def changes(self, revision: int) -> Iterator[Change | Rename]:\n"
        "        yield from getattr(self, '_deltas', list)()\n",
        "log_within_a_transaction_ends_before_it",
    ),
    Fault(
        "writes into the state that others see",
        "writing",
        "base.app(draft.app).copy()",
        "base.app(draft.app)",
        "nothing_is_seen_outside_before_the_end failed_changeset_leaves_all_as_it_was"
        " reader_neither_waits_for_a_writer_nor_sees_it"
        " long_snapshot_stays_as_it_was_while_another_thread_writes",
    ),
    Fault(
        "removals summed up as changes",
        "writing",
        'else "remove" if after is None else "change"',
        'else "change"',
        "what_is_pending_and_its_summary_are_what_the_log_then_holds",
    ),
    Fault(
        "changesets nest",
        "store",
        "        if self._writer == me:\n            raise",
        "        if self._writer == me:\n            yield\n            return\n        if False:\n"
        "            raise",
        "changeset_within_a_changeset_is_refused copy_within_a_changeset_is_of_the_state_before",
    ),
    Fault(
        "copy without schema and log",
        "store",
        "            self._state = state\n",
        "            self._state = State(state.apps, self._state.log, self._state.audit)\n",
        "safety_copy_brings_the_whole_state_back",
    ),
    Fault(
        "four copies",
        "store",
        "_KEPT_COPIES = 3",
        "_KEPT_COPIES = 4",
        "last_three_copies_are_kept",
    ),
    Fault(
        "closing twice fails",
        "store",
        '        """Do nothing: there are no files to give up."""\n',
        "        del self._copying\n",
        "store_can_be_closed_twice",
    ),
    Fault(
        "copies do not outlive the process",
        "store",
        '        """Do nothing: there are no files to give up."""\n',
        "        self._copies = []\n",
        "everything_is_there_after_reopening",
    ),
    Fault(
        "reading only is a label",
        "store",
        "        if self.read_only:\n            raise",
        "        if False:\n            raise",
        "store_opened_for_reading_refuses_writes",
    ),
    # -------------------------------------------------------------------------- whole state
    Fault(
        "times of schemas are lost",
        "records",
        "applied_at=None if part.applied_at is None else from_micros(part.applied_at),",
        "applied_at=None,",
        "loaded_store_shows_what_the_other_showed state_is_the_same_in_every_store",
    ),
    Fault(
        "keys come as they were made",
        "records",
        "for uuid in sorted(state.app(app).keys)]",
        "for uuid in state.app(app).keys]",
        "state_is_the_same_in_every_store",
    ),
    Fault(
        "removed entries are lost",
        "records",
        "after.pop(entry, None)",
        "after.get(entry)",
        "loaded_store_shows_what_the_other_showed",
    ),
    Fault(
        "declarations are not loaded",
        "records",
        "Schema(part.text, dict(part.declarations), info)",
        "Schema(part.text + ' ', {}, info)",
        "loaded_store_goes_on random_stories_leave_what_they_leave_in_memory",
    ),
    Fault(
        "nothing is something",
        "records",
        "apps = sorted({record.bare.app for record in state.log})\n    for",
        'apps = sorted({record.bare.app for record in state.log}) or [""]\n    for',
        "state_of_nothing_is_nothing",
    ),
    Fault(
        "loads over what is there",
        "store",
        "            if self._state.log:",
        "            if False:",
        "store_in_use_loads_nothing",
    ),
    Fault(
        "entries that nothing wrote are taken",
        "records",
        "        if unknown:",
        "        if False:",
        "broken_state_loads_nothing",
    ),
    Fault(
        "sets in any order",
        "records",
        "if now <= last:",
        "if False:",
        "broken_state_loads_nothing",
    ),
    Fault(
        "loads as it draws",
        "store",
        "            self._state = loaded(sets, records)",
        "            self._state = State(log=(None,))\n"
        "            self._state = loaded(sets, records)",
        "what_drawing_raises_loads_nothing",
    ),
    Fault(
        "records of a transaction",
        "writing",
        '        raise UsageError("a changeset in the making is no whole state; '
        'take records of a snapshot")',
        "        return super().records()",
        "transaction_is_no_whole_state",
    ),
    # ------------------------------------------------------------------------------- sealed
    Fault(
        "sealed values are equal by their texts",
        "writing",
        "if uuid not in cells or not same_text(cells[uuid][0], cell[0]):",
        "if uuid not in cells or cells[uuid][0] != cell[0]:",
        "sealed_values_of_one_tag_are_one_value",
    ),
    Fault(
        "changes are told by their texts",
        "writing",
        "or not same_text(before[0], after[0]):",
        "or before[0] != after[0]:",
        "entry_that_ends_with_the_tag_it_had_is_unchanged",
    ),
    Fault(
        "names of then are names of today",
        "reading",
        "        if at is None:\n            return held.uuids.get(key)\n",
        "        if True:\n            return held.uuids.get(key)\n",
        "uuid_names_a_key_through_its_renames",
    ),
    Fault(
        "minting twice makes two",
        "writing",
        "        return self._uuid(key)\n\n    def reseal",
        "        self._app.uuids.pop(key, None)\n        return self._uuid(key)\n\n    def reseal",
        "minted_key_has_its_uuid_before_its_first_entry",
    ),
    Fault(
        "sealing anew leaves the log alone",
        "writing",
        "anew.record(record) if record.bare.app == name else record",
        "record",
        "sealing_anew_reaches_entries_and_all_of_the_log",
    ),
    Fault(
        "sealing anew leaves the first set alone",
        "resealing",
        "for where, cells in sets.items()",
        "for where, cells in list(sets.items())[1:]",
        "sealing_anew_reaches_entries_and_all_of_the_log",
    ),
    Fault(
        "sealing anew leaves what it did before it failed",
        "writing",
        "held.sets, sets = anew.sets(held.sets), anew.sets(self._app.sets)",
        "held.sets, sets = anew.sets(held.sets), anew.sets(self._app.sets)\n"
        "        self._app.sets = sets",
        "sealing_anew_that_raises_has_changed_nothing",
    ),
    Fault(
        "keys have their first names",
        "resealing",
        "self._function([(*where, uuid, name,",
        "self._function([(*where, name, name,",
        "sealing_anew_goes_on_where_it_ended",
    ),
    Fault(
        "only what is sealed is sealed",
        "resealing",
        "if self._uuids is None else uuid in self._uuids",
        "",
        "keys_can_be_sealed_that_never_were",
    ),
    Fault(
        "nothing to note",
        "writing",
        "        self._noted = True",
        "        self._noted = False",
        "noted_changeset_stays_without_a_change",
    ),
    Fault(
        "scrubbing takes too much",
        "store",
        '        """Do nothing: there are no files."""',
        "        self._state = State()",
        "scrubbing_changes_nothing_that_is_held",
    ),
    # ------------------------------------------------------------------------------ threads
    Fault(
        "writers do not wait for each other",
        "store",
        "        if not self._writing.acquire(timeout=self.wait):\n",
        "        self._writing = threading.Lock()\n        self._writing.acquire()\n"
        "        if False:\n",
        "writer_gives_up_when_another_holds_the_store_too_long",
    ),
    Fault(
        "second writer begins with the state from before the first",
        "store",
        "        with self._turn():\n            self._refuse_if_moved(draft.app,",
        "        early = self._state\n        threading.Event().wait(0.05)\n"
        "        with self._turn():\n            self._state = early\n"
        "            self._refuse_if_moved(draft.app,",
        "second_writer_waits_and_sees_what_the_first_wrote"
        " threads_write_different_owners_without_loss",
    ),
    Fault(
        "failure keeps the lock",
        "store",
        "        try:\n            self._writer = me\n            yield\n        finally:\n"
        "            self._writer = None\n            self._writing.release()",
        "        self._writer = me\n        yield\n        self._writer = None\n"
        "        self._writing.release()",
        "writer_that_fails_lets_the_next_one_in",
    ),
]


@pytest.fixture
def broken(fault: Fault | None) -> Iterator[type[StoreSuite]]:
    """The suite on a store with the fault, which can be reopened."""
    with mutant(memory_store, _MODULES, fault) as package:
        yield _suite_on(package.MemoryStore)


def _suite_on(kind: type[memory_store.MemoryStore]) -> type[StoreSuite]:
    class TestBroken(StoreSuite):
        module = "prefcore"
        persistent = True
        longest_wait = 1.0
        stories = settings(
            StoreSuite.stories,
            max_examples=60,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
        )

        def make(self, tmp_path: Path) -> Store:
            store = kind()
            store.wait = 0.1
            return store

        def reopen(self, store: Store, *, read_only: bool = False) -> Store:
            store.close()
            again = kind(read_only=read_only)
            vars(again).update({name: vars(store)[name] for name in ("_state", "_copies")})
            return again

    return TestBroken


def _arguments(check: Callable[..., None]) -> Iterator[dict[str, object]]:
    """Give the arguments of each case of a check, as its parametrize mark has them."""
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield {}
    for mark in marks:
        names, cases = mark.args
        for case in cases:
            yield {names: case} if isinstance(names, str) else dict(zip(names, case, strict=True))


def _run(suite: StoreSuite, name: str, tmp_path: Path) -> None:
    """Run all cases of a check, each on a fresh store."""
    check = getattr(suite, name)
    for arguments in _arguments(check):
        given = {"store": suite.make(tmp_path), "tmp_path": tmp_path}
        fixtures = {name: given[name] for name in signature(check).parameters if name in given}
        check(**fixtures, **arguments)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault, broken: type[StoreSuite], tmp_path: Path) -> None:
    for name in fault.checks:
        with pytest.raises((Exception, pytest.fail.Exception)):
            _run(broken(), f"test_{name}", tmp_path)


def test_heavy_import_is_found(tmp_path: Path) -> None:
    suite = _suite_on(memory_store.MemoryStore)()
    suite.module = "hypothesis"  # type: ignore[misc]  # on this one only
    with pytest.raises(AssertionError, match="do it later"):
        _run(suite, "test_importing_the_plugin_is_light", tmp_path)


def test_every_check_finds_a_fault() -> None:
    found = {f"test_{name}" for fault in FAULTS for name in fault.checks}
    found |= {"test_importing_the_plugin_is_light"}
    assert found == set(StoreSuite.checks())


@pytest.mark.parametrize("fault", [None], ids=["none"])
def test_copy_without_a_fault_passes(broken: type[StoreSuite], tmp_path: Path) -> None:
    # Whether it is the copying that breaks it, a few stories tell.
    broken.stories = settings(broken.stories, max_examples=5)
    for name in broken.checks():
        _run(broken(), name, tmp_path)
