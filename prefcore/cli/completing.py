"""What a shell may complete: keys, owners, formats, versions, changesets …; never an error.

Each function looks into whatever is configured, and gives nothing where that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import click

from prefcore.cli.session import Session

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
    "strategies",
    "targets",
    "templates",
    "versions",
]

_MOST = 500

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _quietly(find: Callable[[Session, click.Parameter], Iterable[str]]) -> Completer:
    """Give a completer out of a function that gives all candidates."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        from prefcore.cli.warnings import warnings_dropped

        try:
            with warnings_dropped():
                session = context.find_object(Session)
                found = find(session, parameter) if session is not None else ()
                return [one for one in found if one.startswith(incomplete)][:_MOST]
        except Exception:  # noqa: BLE001  # someone is typing: no candidates is the whole answer
            return []

    return complete


@_quietly
def keys(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete keys of the schema in force, and those held besides."""
    with session.preferences() as prefs:
        return sorted({*prefs.schema.preferences, *prefs.keys_held()})


@_quietly
def settings(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete keys for ``set``, which takes them alone or as KEY=VALUE."""
    with session.preferences() as prefs:
        return list(prefs.schema.preferences)


@_quietly
def owners(session: Session, parameter: click.Parameter) -> Iterable[str]:
    """Complete owners of the option's scope, or of any for ``--owner``."""
    with session.preferences() as prefs:
        from prefcore.model import Selection

        scope = parameter.name or ""
        wanted = Selection() if scope == "owner" else Selection(scopes=[scope])
        if not all(prefs.may("read", one) for one in wanted.scopes or ("user", "project")):
            return [session.me]  # who else there is, is not for this user to see
        sets = islice(prefs.sets(wanted), 10 * _MOST)
        return sorted({one.owner for one in sets if one.owner})


@_quietly
def templates(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete templates."""
    with session.preferences() as prefs:
        return [one.owner for one in islice(prefs.templates, _MOST)]


@_quietly
def scopes(_: Session, __: click.Parameter) -> Iterable[str]:
    """Complete scopes."""
    return ("system", "user", "project", "template")


@_quietly
def formats(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete the ids of installed formats."""
    return session.plugins.formats.ids()


@_quietly
def strategies(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete the ids of merge strategies."""
    return session.plugins.merge_strategies.ids()


@_quietly
def plugin_names(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete plugins, by kind and id."""
    return [entry.name for entry in session.plugins.index]


@_quietly
def versions(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete schema versions."""
    with session.preferences() as prefs:
        return prefs.versions()


@_quietly
def changesets(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete changesets by the beginning of their ids, newest first."""
    with session.preferences() as prefs:
        return [one.id[:8] for one in islice(prefs.log(), 50)]


@_quietly
def copies(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete the safety copies of the store."""
    store = session.open_store()
    try:
        return [one.id for one in store.copies()]
    finally:
        store.close()


@_quietly
def targets(session: Session, _: click.Parameter) -> Iterable[str]:
    """Complete the names of configured backup targets."""
    return sorted(session.targets)


def backup_ids(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the ids of whole backups, newest first, in the target that the line names."""
    target = context.params.get("target")

    @_quietly
    def complete(session: Session, _: click.Parameter) -> Iterable[str]:
        from prefcore.cli.verbs.backup import opened

        with opened(session, target) as backups:
            found = [one.id for one in reversed(backups.list().whole)]
        return [*found, "latest"]

    return complete(context, parameter, incomplete)
