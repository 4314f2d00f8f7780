"""The sides of a comparison: an owner's set, a file, a state of the history, or another store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from prefcore.cli.files import readable
from prefcore.cli.options import owner_name
from prefcore.cli.output import escaped, warn
from prefcore.detection import formats_for
from prefcore.documents import naming_file, opened_document, verified_sets
from prefcore.engines.importing import plain_set
from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.model import PlainDocument, PreferenceSet, Selection
from prefcore.sealed_files import opened_file

if TYPE_CHECKING:
    from prefcore.cli.session import Session
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["Side", "opened_side"]

_SCOPES = ("user", "project", "template")


class Side(NamedTuple):
    """One side: what messages call it, its schema version where it tells one, and what it holds.

    ``one`` is the only set that is meant, of which a plain file (``is_plain``) does not tell whose
    it is; None where all are, which ``sets`` gives, sorted.
    """

    name: str
    version: str | None
    one: PreferenceSet | None
    sets: Iterable[PreferenceSet] = ()
    is_plain: bool = False


def opened_side(
    session: Session, prefs: Preferences[Schema], word: str, selection: Selection, stack: ExitStack
) -> Side:
    """Give what a word of the command line means; ``stack`` closes it.

    ``user:ID``, ``project:ID``, ``template:NAME`` and ``system`` are sets of our store,
    ``@CHANGESET`` is its state after that changeset. What begins with a kind of store and a colon
    is another store; everything else is a file.
    """
    scope, colon, rest = word.partition(":")
    if word == "system" or (colon and scope in _SCOPES):
        owner = "" if word == "system" else owner_name(rest, f"{scope}:")
        held = prefs.read_set(scope, owner)
        return Side(word, prefs.version, _selected(held, selection))
    if word.startswith("@"):
        changeset = prefs.changeset(word[1:])
        if changeset.app != prefs.app:
            raise UsageError(f"{word} is a changeset of {changeset.app}, not of {prefs.app}")
        sets = prefs.sets(selection, at=changeset)
        return Side(word, changeset.schema_after, None, sets)
    if colon and scope in session.plugins.stores.ids():
        store = session.plugins.stores.get(scope).open(word, create=False, read_only=True)
        stack.callback(store.close)
        view = stack.enter_context(store.snapshot())
        return Side(word, view.version(prefs.app), None, prefs.sets_in(view, selection))
    return _file(session, prefs, word, selection, stack)


def _file(
    session: Session, prefs: Preferences[Schema], word: str, selection: Selection, stack: ExitStack
) -> Side:
    path, name = stack.enter_context(readable(word))
    source = stack.enter_context(opened_file(path, name, session.keys))
    formats = formats_for(name, session.plugins.formats)
    opened = opened_document(source, name, formats, limits=Limits())
    document = opened.document
    if isinstance(document, PlainDocument):
        with naming_file(name):
            one = plain_set(
                document.values,
                ("user", session.me),
                prefs.schema,
                at=datetime.now(UTC),
                actor=prefs.actor,
            )
        return Side(name, None, _selected(one, selection), is_plain=True)
    sets = verified_sets(opened, name, prefs.app, edited=lambda text: warn(escaped(text)))
    return Side(name, document.header.schema, None, _all_selected(sets, selection))


def _all_selected(sets: Iterable[PreferenceSet], selection: Selection) -> Iterator[PreferenceSet]:
    for one in sets:
        if selection.takes_set(one.scope, one.owner):
            yield _selected(one, selection)


def _selected(one: PreferenceSet, selection: Selection) -> PreferenceSet:
    rows = (row for row in one.rows if selection.takes_key(row[0]))
    return PreferenceSet(one.scope, one.owner, rows)
