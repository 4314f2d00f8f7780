"""What a shell may complete: keys, owners, formats, versions, changesets …; never an error.

Each function looks into whatever is configured, and gives nothing where that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import click

from prefcore.cli.session import Session
from prefcore.values import canonical_text

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem] | list[str]]

__all__ = [
    "backup_ids",
    "changesets",
    "copies",
    "formats",
    "keys",
    "owners",
    "plugin_names",
    "scopes",
    "settings",
    "sides",
    "strategies",
    "targets",
    "templates",
    "versions",
]

_MOST = 500


class _Asked(NamedTuple):
    """What a shell asks: in which run, after which words, for which parameter, begun how."""

    session: Session
    context: click.Context
    parameter: click.Parameter
    begun: str


def _quietly(find: Callable[[_Asked], Iterable[str]]) -> Completer:
    """Give a completer out of a function that gives all candidates.

    Where none fits, the parameter's type has its say: one that takes files too completes those.
    """

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem] | list[str]:
        from prefcore.cli.warnings import warnings_dropped

        fitting: list[str] = []
        session = context.find_object(Session)
        try:
            with warnings_dropped():
                asked = None if session is None else _Asked(session, context, parameter, incomplete)
                found = () if asked is None else find(asked)
                fitting = [one for one in found if one.startswith(incomplete)][:_MOST]
        except Exception:  # noqa: BLE001, S110  # someone is typing: no candidates is the answer
            pass
        return fitting or parameter.type.shell_complete(context, parameter, incomplete)

    return complete


@_quietly
def keys(asked: _Asked) -> Iterable[str]:
    """Complete keys of the schema in force, and those held besides."""
    with asked.session.preferences() as prefs:
        return sorted({*prefs.schema.preferences, *prefs.keys_held()})


@_quietly
def settings(asked: _Asked) -> Iterable[str]:
    """Complete what ``set`` takes: a key and one of its values, or such pairs as KEY=VALUE."""
    before = asked.context.params.get("words") or ()
    key, equals, _ = asked.begun.partition("=")
    with asked.session.preferences() as prefs:
        if equals:
            return [f"{key}={value}" for value in _values(prefs, key)]
        if before and "=" not in before[0]:
            return _values(prefs, before[0]) if len(before) == 1 else ()
        return [f"{one}=" if before else one for one in prefs.schema.preferences]


def _values(prefs: Preferences[Schema], key: str) -> list[str]:
    """Give the values that a key may hold, as they are typed, where they can be counted."""
    shape = prefs.schema.preference(key).shape.to_json()
    allowed = shape.get("enum", [True, False] if shape.get("type") == "boolean" else [])
    assert isinstance(allowed, list)  # by JSON Schema
    return [one if isinstance(one, str) else canonical_text(one) for one in allowed]


@_quietly
def owners(asked: _Asked) -> Iterable[str]:
    """Complete owners of the option's scope, or of any for ``--owner``."""
    scope = asked.parameter.name or ""
    with asked.session.preferences() as prefs:
        return _owners(asked.session, prefs, "" if scope == "owner" else scope)


def _owners(session: Session, prefs: Preferences[Schema], scope: str) -> list[str]:
    """Give the owners in a scope, or with an empty one in any."""
    from prefcore.model import Selection

    wanted = Selection(scopes=[scope] if scope else ())
    if not all(prefs.may("read", one) for one in wanted.scopes or ("user", "project")):
        return [session.me]  # who else there is, is not for this user to see
    sets = islice(prefs.sets(wanted), 10 * _MOST)
    return sorted({one.owner for one in sets if one.owner})


@_quietly
def templates(asked: _Asked) -> Iterable[str]:
    """Complete templates."""
    with asked.session.preferences() as prefs:
        return [one.owner for one in islice(prefs.templates, _MOST)]


@_quietly
def scopes(_: _Asked) -> Iterable[str]:
    """Complete scopes."""
    return ("system", "user", "project", "template")


@_quietly
def formats(asked: _Asked) -> Iterable[str]:
    """Complete the ids of installed formats."""
    return asked.session.plugins.formats.ids()


@_quietly
def strategies(asked: _Asked) -> Iterable[str]:
    """Complete the ids of merge strategies."""
    return asked.session.plugins.merge_strategies.ids()


@_quietly
def plugin_names(asked: _Asked) -> Iterable[str]:
    """Complete plugins, by kind and id."""
    return [entry.name for entry in asked.session.plugins.index]


@_quietly
def versions(asked: _Asked) -> Iterable[str]:
    """Complete schema versions."""
    with asked.session.preferences() as prefs:
        return prefs.versions()


@_quietly
def changesets(asked: _Asked) -> Iterable[str]:
    """Complete changesets by the beginning of their ids, newest first."""
    with asked.session.preferences() as prefs:
        return [one.id[:8] for one in islice(prefs.log(), 50)]


@_quietly
def copies(asked: _Asked) -> Iterable[str]:
    """Complete the safety copies of the store."""
    store = asked.session.open_store()
    try:
        return [one.id for one in store.copies()]
    finally:
        store.close()


@_quietly
def targets(asked: _Asked) -> Iterable[str]:
    """Complete the names of configured backup targets."""
    return sorted(asked.session.targets)


@_quietly
def backup_ids(asked: _Asked) -> Iterable[str]:
    """Complete the ids of whole backups, newest first, in the target that the line names."""
    from prefcore.cli.backups import opened

    with opened(asked.session, asked.context.params.get("target")) as backups:
        found = [one.id for one in reversed(backups.list().whole)]
    return [*found, "latest"]


@_quietly
def sides(asked: _Asked) -> Iterable[str]:
    """Complete what ``diff`` compares: sets, changesets, and else files."""
    scope, colon, _ = asked.begun.partition(":")
    with asked.session.preferences() as prefs:
        if asked.begun.startswith("@"):
            return [f"@{one.id[:8]}" for one in islice(prefs.log(), 50)]
        if colon:
            return [f"{scope}:{owner}" for owner in _owners(asked.session, prefs, scope)]
    return ("system", "user:", "project:", "template:")
