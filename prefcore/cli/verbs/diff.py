"""``prefcore diff``: what differs between two sets, files, states or stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby

import click

from prefcore.cli.completing import sides
from prefcore.cli.frame import PATH, Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import selecting
from prefcore.cli.output import escaped, print_json, say, warn, width
from prefcore.cli.plans import item_data, print_set
from prefcore.cli.session import Session
from prefcore.cli.sides import Side, opened_side
from prefcore.engines.comparing import differences, set_differences
from prefcore.errors import UsageError
from prefcore.model import PlanItem, PreferenceSet, Selection

__all__ = ["command"]


_EXAMPLES = {
    "prefcore diff user:alice user:bob": "what leads from her set to his",
    "prefcore diff @4bca8d9d user:alice": "what was changed in her set since that changeset",
    "prefcore diff backup.json sqlite:prefs.db": "what leads from a file to a store",
}


@click.command("diff", cls=Command, examples=_EXAMPLES)
@click.argument("first", metavar="A", type=PATH, shell_complete=sides)
@click.argument("second", metavar="B", type=PATH, shell_complete=sides)
@selecting
@click.pass_obj
def command(session: Session, first: str, second: str, selection: Selection) -> int:
    """Show what leads from A to B; exits with 1 where they differ, with 0 where they do not.

    Each is an owner's own set (user:ID, project:ID, template:NAME, system), the state after a
    changeset (@ID), another store (sqlite:PATH), or a file. Values alone are compared.
    """
    if first == second == "-":
        raise UsageError("the standard input can be read once: A or B, not both")
    with ExitStack() as stack:
        prefs = stack.enter_context(session.reading())
        masks = Masks.of(prefs)
        sides = [opened_side(session, prefs, word, selection, stack) for word in (first, second)]
        _warn_versions(*sides)
        found = _found(*sides)
        if session.json:
            data = [item_data(one, masks) for one in found]
            print_json(data)
            count = len(data)
        else:
            count = _print(found, masks, width(session))
        empty = [it.name for it in sides if it.one is not None and not (it.is_plain or it.one.rows)]
    if not count:
        say(session, escaped(f"{first} and {second} hold the same{_nothing(empty, selection)}"))
    elif empty:
        say(session, escaped(f"{empty[0]} holds nothing{_selected(selection)}"))
    return 1 if count else 0


def _found(first: Side, second: Side) -> Iterator[PlanItem]:
    if first.one is None and second.one is None:
        return differences(first.sets, second.sets)
    if first.one is not None and second.one is not None:
        # A plain file does not tell whose it is; two of them are of nobody.
        named = second.one if first.is_plain else first.one
        if first.is_plain and second.is_plain:
            named = PreferenceSet("", "")
        held = PreferenceSet(named.scope, named.owner, first.one.rows)
        return set_differences(held, second.one)
    single, whole = (second, first) if first.one is None else (first, second)
    one = single.one or PreferenceSet("user", "")
    if single.is_plain:
        raise UsageError(
            f"{single.name} is a plain file of one set, and {whole.name} holds many; compare it "
            "with one of them, such as user:ID"
        )
    same = (it for it in whole.sets if (it.scope, it.owner) == (one.scope, one.owner))
    other = next(same, PreferenceSet(one.scope, one.owner))
    for _ in same:
        pass  # to its end, which tells whether a document is whole
    return set_differences(*((one, other) if single is first else (other, one)))


def _nothing(empty: list[str], selection: Selection) -> str:
    """Say whether sets that are the same hold anything: a name may be mistyped."""
    return f": nothing{_selected(selection)}" if empty else ""


def _selected(selection: Selection) -> str:
    return "" if selection.is_everything else ", of what is selected"


def _warn_versions(first: Side, second: Side) -> None:
    versions = first.version, second.version
    if None not in versions and versions[0] != versions[1]:
        warn(
            f"{escaped(first.name)} is at schema {versions[0]}, {escaped(second.name)} at "
            f"{versions[1]}: values are compared as they stand, by the names of their keys"
        )


def _print(found: Iterator[PlanItem], masks: Masks, limit: int) -> int:
    count = 0
    for where, group in groupby(found, key=lambda one: one.place):
        items = list(group)
        print_set(where, items, masks, limit)
        count += len(items)
    return count
