"""``prefcore audit list``, ``show`` and ``export``: who did what, in all applications."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from prefcore.audit import Pruning, is_pruned
from prefcore.cli.completing import changesets
from prefcore.cli.files import replacing
from prefcore.cli.frame import PATH, Command
from prefcore.cli.options import newest, selecting
from prefcore.cli.output import escaped, print_json, print_table, say
from prefcore.cli.plans import said_reason
from prefcore.cli.session import Session
from prefcore.cli.times import local_time, moment_of
from prefcore.cli.verbs.audit import opened
from prefcore.engines.auditing import Wanted, facts_of
from prefcore.errors import UsageError
from prefcore.model.sets import place
from prefcore.values import to_tagged

if TYPE_CHECKING:
    from prefcore.model import Changeset, Selection

__all__ = ["export_command", "list_command", "show_command"]

#: So many keys of one changeset are shown; ``-v`` shows all.
_MOST = 200


def wanting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which changesets are meant; the function gets them as ``wanted``."""

    @wraps(function)
    def called(
        *args: Any,
        by: tuple[str, ...],
        kind: tuple[str, ...],
        since: str | None,
        until: str | None,
        selection: Selection,
        **more: Any,
    ) -> Any:
        wanted = Wanted(
            actors=by,
            kinds=kind,
            since=moment_of(since, "--since", ends_day=False),
            until=moment_of(until, "--until", ends_day=True),
            selection=selection,
        )
        return function(*args, wanted=wanted, **more)

    options = (
        click.option(
            "--by", multiple=True, metavar="ACTOR", help="Only what this actor did. Repeatable."
        ),
        click.option(
            "--kind",
            multiple=True,
            metavar="KIND",
            help="Only acts of this kind, such as set, migrate or keys. Repeatable.",
        ),
        click.option("--since", metavar="TIME", help="From this day or time on."),
        click.option("--until", metavar="TIME", help="Up to this day, or before this time."),
    )
    decorated: Any = selecting(called)
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]  # the same function, with options


@click.command("list", cls=Command)
@wanting
@newest
@click.pass_obj
def list_command(session: Session, wanted: Wanted, limit: int) -> None:
    """List what was done to the store, newest first: in all applications, and what changed nothing.

    Values are not shown; history tells them, of one application.
    """
    with opened(session) as (audit, _):
        found = audit.entries(wanted, limit=limit + 1 if limit else None)
        pruned = audit.pruned()
        held = {one.kind for one in audit.entries()} if wanted.kinds and not found else set()
    more, found = bool(limit and len(found) > limit), found[: limit or None]
    if session.json:
        told = ((one, is_pruned(one, pruned[one.app])) for one in found)
        print_json([facts_of(one, pruned=gone) for one, gone in told])
        return
    apps = {one.app for one in found}
    print_table(_row(one, pruned[one.app], with_app=len(apps) > 1) for one in found)
    if not wanted.selection.is_everything and any(pruned.values()):
        say(session, "which keys a pruned changeset changed is not known; those are left out")
    if more:
        say(session, "… and older ones (-n 0 shows all)")
    if not found and held.isdisjoint(wanted.kinds) and held:
        said = ", ".join(map(escaped, sorted(held)))
        say(session, f"no act in the log is of that kind; there are: {said}")
    elif not found:
        say(session, "nothing in the log is as you asked for")


def _row(one: Changeset, through: int, *, with_app: bool) -> tuple[str, ...]:
    told = f"{one.changes:,} value{'' if one.changes == 1 else 's'}" if one.changes else ""
    told += " (pruned)" if is_pruned(one, through) else ""
    pruning = Pruning.told_by(one)
    if pruning is not None:
        told = f"forgot {pruning.changes:,} changes, up to revision {pruning.through:,}"
    if one.schema_before != one.schema_after:
        told = f"{one.schema_before or 'none'} → {one.schema_after}{', ' if told else ''}{told}"
    reason = said_reason(one)
    app = (escaped(one.app),) if with_app else ()
    head = (str(one.revision), one.id[:8], local_time(one.at), escaped(one.actor), one.kind)
    return (*head, *app, "  ".join(filter(None, (told, reason))))


@click.command("show", cls=Command)
@click.argument("id", metavar="ID", shell_complete=changesets)
@click.pass_obj
def show_command(session: Session, id: str) -> None:
    """Show one changeset by its ID (or its beginning): its facts, its place in the chain, its keys.

    Values are not shown; `prefcore history --changeset ID` tells them.
    """
    with opened(session) as (audit, _):
        told = audit.show(id)
    if session.json:
        print_json(told.as_data())
        return
    one = told.changeset
    details = json.dumps(to_tagged(dict(one.details)), ensure_ascii=False) if one.details else ""
    rows = [
        ("changeset", one.id),
        ("revision", f"{one.revision:,}"),
        ("application", one.app),
        ("when", local_time(one.at)),
        ("who", one.actor),
        ("kind", one.kind),
        ("reason", one.reason),
        ("schema", _schema(one)),
        ("details", details),
        ("changed", f"{one.changes:,}, pruned from the history" if told.pruned else ""),
        ("digest", told.digest),
        ("link", told.chain),
    ]
    print_table((title, escaped(text)) for title, text in rows if text)
    most = len(told.changed) if session.verbose else _MOST
    print_table(map(_change_row, told.changed[:most]), indent="  ")
    if len(told.changed) > most:
        say(session, f"… and {len(told.changed) - most:,} more (-v lists them)")


def _schema(one: Changeset) -> str:
    before, after = one.schema_before or "none", one.schema_after or "none"
    return after if before == after else f"{before} → {after}"


def _change_row(one: dict[str, object]) -> tuple[str, str, str]:
    if one["act"] == "rename":
        return "rename", "all sets", escaped(f"{one['key']} to {one['after']}")
    where = place(str(one["scope"]), str(one["owner"]))
    return str(one["act"]), escaped(where), escaped(str(one["key"]))


@click.command("export", cls=Command)
@click.argument("file", default="-", type=PATH)
@wanting
@click.pass_obj
def export_command(session: Session, file: str, wanted: Wanted) -> None:
    """Write the log as lines of JSON to FILE, or to the standard output (-, the default).

    Oldest first, one line for each changeset with its digest and link, so that the chain can be
    followed elsewhere. Values do not stand in it, only which keys of which sets were changed.
    """
    if file == "-" and session.json:
        raise UsageError("--json tells of an export, and the standard output holds it; name a FILE")
    with opened(session) as (audit, _):
        if file == "-":
            _written(audit.export(wanted), sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        with replacing(file, private=True) as out:
            lines = _written(audit.export(wanted), out)
    if session.json:
        print_json({"file": file, "lines": lines}, compact=True)
    else:
        say(session, f"wrote {lines:,} line{'' if lines == 1 else 's'} to {escaped(file)}")


def _written(objects: Iterator[Any], out: BinaryIO) -> int:
    lines = 0
    for lines, one in enumerate(objects, 1):  # noqa: B007  # how many it was
        text = json.dumps(to_tagged(dict(one)), ensure_ascii=False, separators=(",", ":"))
        out.write(text.encode() + b"\n")
    return lines
