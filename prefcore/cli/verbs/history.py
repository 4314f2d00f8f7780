"""``prefcore history``: the log, told as a story."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from prefcore.audit import Pruning, is_pruned
from prefcore.cli.completing import changesets, keys
from prefcore.cli.frame import CommandWithOthers
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, newest, one_set
from prefcore.cli.output import amount, escaped, print_json, print_table, say, shown, width
from prefcore.cli.plans import said_reason, short
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.engines.auditing import KIND, facts_of
from prefcore.errors import UsageError
from prefcore.model import Change, Changeset, Rename
from prefcore.model.sets import place
from prefcore.values import UNSET

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]

#: So many changes of one changeset are told; ``-v`` tells all.
_MOST = 200


#: The commands that history has besides what it does itself.
_TABLE = {"prune": ("history_prune:command", "Forget what stood before old changes, for good.")}


def _keys_and_commands(
    context: click.Context, param: click.Parameter, begun: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    found = [CompletionItem(name, help=line) for name, (_, line) in _TABLE.items()]
    named = [one for one in found if one.value.startswith(begun)]
    more = keys(context, param, begun)
    return named + [one if isinstance(one, CompletionItem) else CompletionItem(one) for one in more]


_EXAMPLES = {
    "prefcore history editor.font_size --user alice": "who changed that value of hers",
    "prefcore history --changeset 4bca8d9d": "what one act changed",
    "prefcore history prune --before 2025-01-01 --dry-run": "what old history there is to forget",
}


@click.command(
    "history",
    cls=CommandWithOthers,
    examples=_EXAMPLES,
    package="prefcore.cli.verbs",
    table=_TABLE,
)
@click.argument("key", required=False, shell_complete=_keys_and_commands)
@one_set
@click.option(
    "--changeset",
    "id",
    metavar="ID",
    help="Show what one changeset did.",
    shell_complete=changesets,
)
@newest
@click.pass_obj
def command(session: Session, key: str | None, target: Target, id: str | None, limit: int) -> None:
    """Tell what was changed, newest first: when, by whom and what.

    With KEY, the changes of that key in one set, each with before and after. Signed checkpoints,
    which change nothing, are told by audit list.
    """
    if target.named and key is None:
        raise UsageError("a set's history is told by key; give KEY too")
    if id is not None and key is not None:
        raise UsageError("give KEY or --changeset, not both")
    with session.preferences() as prefs:
        if id is not None:
            _tell_one(session, prefs, prefs.changeset(id))
        elif key is not None:
            _tell_key(session, prefs, key, target.to_change(lambda: session.me), limit or None)
        else:
            _tell_log(session, prefs, limit or None)


# --------------------------------------------------------------------------------- the log


def _tell_log(session: Session, prefs: Preferences[Schema], limit: int | None) -> None:
    log = (one for one in prefs.log() if one.kind != KIND)
    told = list(islice(log, limit))
    more = sum(1 for _ in log)
    through = _pruned_through(prefs)
    if session.json:
        print_json([facts_of(one, pruned=is_pruned(one, through)) for one in told])
        return
    masks = Masks.of(prefs)
    print_table((*_line(one), _what(prefs, one, masks, session, through)) for one in told)
    if more:
        say(session, f"… and {more} older (-n 0 shows all)")
    if not told:
        say(session, "nothing was changed yet")


def _pruned_through(prefs: Preferences[Schema]) -> int:
    last = prefs.pruned()
    return 0 if last is None else last.revision


def _line(one: Changeset) -> tuple[str, str, str, str]:
    by = one.details.get("by")  # who acted under that name
    actor = f"{one.actor} (by {by})" if by else one.actor
    return short(one), local_time(one.at), escaped(actor), one.kind


def _what(
    prefs: Preferences[Schema], one: Changeset, masks: Masks, session: Session, through: int
) -> str:
    """Say in a few words what a changeset did."""
    details, gone = one.details, is_pruned(one, through)
    values = amount(one.changes, "value") + (" (pruned)" if gone else "")
    pruning = Pruning.told_by(one)
    if one.kind == "migrate":
        back = f", undo of {str(details['changeset'])[:8]}" if "changeset" in details else ""
        told = f"{one.schema_before} → {one.schema_after}, {values}{back}"
    elif one.kind == "import":
        told = f"{escaped(str(details.get('file', '')))}, {values}"
    elif one.kind == "undo":
        told = f"of {str(details.get('changeset', ''))[:8]}, {values}"
    elif one.kind == "register":
        told = f"schema {details.get('version', '')}"
    elif pruning is not None:
        acts = amount(pruning.changesets, "changeset")
        told = f"forgot what {acts} up to revision {pruning.through} changed"
    elif gone:
        told = values
    else:
        told = _few(prefs, one, masks, width(session))
    if one.schema_before is None and one.schema_after is not None:
        told += f" (began at schema {one.schema_after})"
    return "  ".join(filter(None, (told, said_reason(one))))


def _few(prefs: Preferences[Schema], one: Changeset, masks: Masks, limit: int) -> str:
    told = islice(prefs.changes(one, readable=True), 4)
    changes = [change for change in told if isinstance(change, Change)]
    if not changes:
        return "values that you may not read" if one.changes and prefs.access else ""
    where = escaped(place(changes[0].scope, changes[0].owner))
    if one.changes == 1:
        change = changes[0]
        return f"{where} {escaped(change.key)}: {_sides(change, masks, limit)}"
    named = ", ".join(escaped(change.key) for change in changes[:3])
    return f"{where} {named}" + (f" and {one.changes - 3} more" if one.changes > 3 else "")


def _sides(change: Change, masks: Masks, limit: int) -> str:
    before, after = (
        shown(masks.masked(change.key, UNSET if entry is None else entry.value), limit)
        for entry in (change.before, change.after)
    )
    return f"{before} → {after}"


# ------------------------------------------------------------------------------- one changeset


def _tell_one(session: Session, prefs: Preferences[Schema], one: Changeset) -> None:
    through = _pruned_through(prefs)
    gone = is_pruned(one, through)
    changes: Iterator[Change | Rename] = iter(()) if gone else prefs.changes(one)
    versions = [version for version in (one.schema_before, one.schema_after) if version]
    masks = Masks.of(prefs, *versions)
    if session.json:
        told = [_change_data(change, masks) for change in changes]
        print_json({**facts_of(one, pruned=gone), "changed": told})
        return
    click.echo("  ".join((*_line(one), _what(prefs, one, masks, session, through))))
    click.echo(f"  id {one.id}")
    if gone:
        say(
            session, "what it changed was pruned from the history; a backup from before may hold it"
        )
        return
    limit = width(session)
    rows = list(islice(_rows(changes, masks, limit), None if session.verbose else _MOST))
    print_table(rows, indent="  ")
    if one.changes > len(rows):
        say(session, f"… and {one.changes - len(rows)} more (-v lists them)")


def _rows(
    changes: Iterator[Change | Rename], masks: Masks, limit: int
) -> Iterator[tuple[str, str, str]]:
    for change in changes:
        if isinstance(change, Rename):
            yield "all sets", escaped(change.before), f"renamed to {escaped(change.after)}"
        else:
            where = escaped(place(change.scope, change.owner))
            yield where, escaped(change.key), _sides(change, masks, limit)


def _change_data(change: Change | Rename, masks: Masks) -> dict[str, object]:
    if isinstance(change, Rename):
        return {"act": "rename", "key": change.before, "after": change.after}
    data: dict[str, object] = {
        "act": "add" if change.before is None else "remove" if change.after is None else "change",
        "key": change.key,
        "scope": change.scope,
        "owner": change.owner,
    }
    for name, entry in (("before", change.before), ("after", change.after)):
        if entry is not None:
            data[name] = masks.masked(change.key, entry.value)
    return data


# ------------------------------------------------------------------------------------ one key


def _tell_key(
    session: Session,
    prefs: Preferences[Schema],
    key: str,
    target: tuple[str, str],
    limit: int | None,
) -> None:
    found = prefs.history(key, *target)
    if not found and key not in prefs.schema.preferences:
        prefs.declared(key)  # raises UnknownKey, with the nearest one
    told = found[:limit]
    masks = Masks.of(prefs)
    if session.json:
        facts = [facts_of(one, pruned=False) for one, _ in told]
        changed = [_change_data(change, masks) for _, change in told]
        print_json([{**fact, **change} for fact, change in zip(facts, changed, strict=True)])
        return
    wide = width(session)
    print_table(
        (
            *_line(one),
            "  ".join(filter(None, (_sides(change, masks, wide), said_reason(one)))),
        )
        for one, change in told
    )
    if len(found) > len(told):
        say(session, f"… and {len(found) - len(told)} older (-n 0 shows all)")
    last = prefs.pruned()
    if last is not None and len(found) == len(told):
        say(session, f"what was changed up to {local_time(last.at)} was pruned from the history")
    elif not found:
        say(session, f"{key} was never set for {place(*target)}")
