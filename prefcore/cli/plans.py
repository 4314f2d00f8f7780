"""Plans, printed to be understood at a glance, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from prefcore.cli.masking import Masks
from prefcore.cli.output import amount, escaped, print_json, say, shown, warn, width
from prefcore.model import Changeset, Conflict, Plan, PlanItem
from prefcore.model.sets import place
from prefcore.values import UNSET

if TYPE_CHECKING:
    from prefcore.cli.session import Session
    from prefcore.facade.act import Begun
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = [
    "carry_out",
    "counted",
    "finish",
    "item_data",
    "plan_data",
    "print_set",
    "said_reason",
    "short",
    "tell_done",
]

#: Kinds of acts that take no reason of anybody: theirs is what prefcore says of them.
_TOLD_BY_US = ("keys", "read", "denied")

#: So many items are printed; ``-v`` prints all that the plan names.
MOST = 40

_SIGNS = {"add": "+", "change": "~", "remove": "-", "rename": ">", "register": "+", "refuse": "!"}
_COLORS = {"add": "green", "change": "yellow", "remove": "red", "rename": "cyan"}
#: What the sides of a conflict are, by the kind of the plan.
_SIDES = {
    "import": {"base": "common base", "ours": "here", "theirs": "in the file"},
    "migrate": {"base": "before the upgrade", "ours": "now"},
    "undo": {"base": "left by it", "ours": "now", "theirs": "before it"},
}
_PAST = {
    "add": "added",
    "change": "changed",
    "remove": "removed",
    "rename": "renamed",
    "register": "registered",
    "note": "noted",
    "prune": "forgotten",
    "park": "parked",
    "return": "returned",
    "unchanged": "unchanged",
    "kept": "kept as they are",
    "refuse": "refused",
    "conflict": "in conflict",
}


def carry_out(
    session: Session, prefs: Preferences[Schema], plan: Plan, masks: Masks, *, dry: bool
) -> Changeset | None:
    """Print a plan and, unless ``dry``, do what it says, after which it tells of what was done.

    Raises the plan's blocker, in a dry run too, after printing what stands in the way.
    """
    changeset = None
    if not dry and plan.blocker is None:
        changeset = prefs.apply(plan)
    _tell(session, plan, masks, changeset, dry=dry)
    return changeset


def finish(
    session: Session, begun: Begun, masks: Masks, *, dry: bool, expected: str | None = None
) -> Changeset | None:
    """Commit what was begun, or let it go if ``dry``, and tell of it as ``carry_out`` does.

    Raises StalePlan where its plan has another digest than the ``expected`` one.
    The store is free again before anything is printed: who reads along may take his time.
    """
    changeset = None
    if dry or begun.plan.blocker is not None:
        begun.let_go()
    else:
        changeset = begun.commit(expected=expected)
    _tell(session, begun.plan, masks, changeset, dry=dry)
    if begun.secured:
        say(session, escaped(begun.secured))
    return changeset


def _tell(
    session: Session, plan: Plan, masks: Masks, changeset: Changeset | None, *, dry: bool
) -> None:
    if session.json:
        print_json(plan_data(plan, masks, changeset=changeset))
    else:
        print_plan(session, plan, masks, dry=dry)
    for warning in plan.warnings:
        warn(escaped(warning))
    if plan.blocker is not None:
        raise plan.blocker


def short(changeset: Changeset) -> str:
    """Give the beginning of a changeset's id that messages show."""
    return changeset.id[:8]


def said_reason(changeset: Changeset) -> str:
    """Give a changeset's reason as the log shows it: in quotes where a person gave it."""
    said = escaped(changeset.reason)
    return f"“{said}”" if said and changeset.kind not in _TOLD_BY_US else said


# --------------------------------------------------------------------------------- for people


def print_plan(session: Session, plan: Plan, masks: Masks, *, dry: bool) -> None:
    """Print what a plan does, or with ``dry`` would do."""
    blocked = plan.blocker is not None
    if session.quiet and not dry and not blocked:
        return
    click.echo(("would " if dry or blocked else "") + escaped(plan.summary))
    limit = width(session)
    if dry or not blocked or session.verbose:
        _print_steps(plan.details)
        open_ones = {(one.scope, one.owner, one.key) for one in plan.conflicts}
        items = [one for one in plan.items if (one.scope, one.owner, one.key) not in open_ones]
        _print_items(items, masks, limit, whole=session.verbose)
    for conflict in plan.conflicts[: None if session.verbose else MOST]:
        _print_conflict(conflict, masks, limit, _SIDES.get(plan.kind, {}))
    if dry or blocked or session.verbose:
        for note in plan.notes:
            if note not in plan.warnings:
                click.echo(f"  note: {escaped(note)}")
    for item in plan.refused[: None if session.verbose else MOST]:
        click.echo(f"  {click.style('!', fg='red')} {escaped(item.reason)}")
    click.echo(f"  {counted(plan)}")


def _print_steps(details: Mapping[str, object]) -> None:
    steps = details.get("steps")
    for step in steps if isinstance(steps, list) else ():
        said = step["summary"] or "; ".join(step["operations"])
        click.echo(f"  step {step['step']}: {escaped(said)}")


def _print_items(items: Iterable[PlanItem], masks: Masks, limit: int, *, whole: bool) -> None:
    items = sorted(items, key=lambda one: (one.place, one.key))
    listed = items if whole else items[:MOST]
    for where, group in groupby(listed, key=lambda one: one.place):
        print_set(where, list(group), masks, limit, indent="  ")
    if len(items) > len(listed):
        click.echo(f"    … and {len(items) - len(listed)} more (-v lists them)")


def print_set(
    where: str, items: Sequence[PlanItem], masks: Masks, limit: int, *, indent: str = ""
) -> None:
    """Print what happens to one set, or to keys (no set), one line each."""
    if where:
        click.echo(f"{indent}{escaped(where)}")
    wide = min(48, max(len(escaped(one.key)) for one in items))
    for item in items:
        sign = click.style(_SIGNS.get(item.act, "·"), fg=_COLORS.get(item.act))
        told = _told(item, masks, limit)
        click.echo(f"{indent}  {sign} {escaped(item.key).ljust(wide)}  {told}".rstrip())


def _told(item: PlanItem, masks: Masks, limit: int) -> str:
    if item.act == "rename":
        return f"→ {escaped(str(item.after))}"
    before = shown(masks.masked(item.key, item.before), limit)
    after = shown(masks.masked(item.key, item.after), limit)
    if item.act == "change":
        return f"{before} → {after}"
    if item.act == "remove":
        return before
    return "" if item.after is UNSET else after


def _print_conflict(conflict: Conflict, masks: Masks, limit: int, names: Mapping[str, str]) -> None:
    where = place(conflict.scope, conflict.owner)
    sides = ", ".join(
        f"{names.get(name, name)} {shown(masks.masked(conflict.key, value), limit)}"
        for name, value in (
            ("base", conflict.base),
            ("ours", conflict.ours),
            ("theirs", conflict.theirs),
        )
        if value is not UNSET
    )
    sign = click.style("?", fg="red")
    click.echo(f"  {sign} {escaped(where)} {escaped(conflict.key)}: {sides}")


def counted(plan: Plan) -> str:
    """Give how much of each kind a plan does, such as ``1 changed, 8 removed``."""
    nouns = {"prune": "change"}  # what is counted where it is no value
    parts = [
        f"{amount(count, nouns[act]) if act in nouns else count} {word}"
        for act, word in _PAST.items()
        if (count := plan.counts.get(act))
    ]
    return ", ".join(parts) or "no value changes"


# ----------------------------------------------------------------------------------- as data


def plan_data(plan: Plan, masks: Masks, *, changeset: Changeset | None) -> dict[str, object]:
    """Give a plan as portable data; ``changeset`` is what became of it, if it was done."""
    return {
        "app": plan.app,
        "kind": plan.kind,
        "summary": plan.summary,
        "digest": plan.digest,
        "applied": changeset is not None,
        "changeset": None if changeset is None else changeset.id,
        "applicable": plan.blocker is None,
        "counts": dict(plan.counts),
        "items": [item_data(one, masks) for one in plan.items],
        "conflicts": [_conflict_data(one, masks) for one in plan.conflicts],
        "refused": [item_data(one, masks) for one in plan.refused],
        "notes": list(plan.notes),
        "warnings": list(plan.warnings),
        "details": dict(plan.details),
    }


def item_data(item: PlanItem, masks: Masks) -> dict[str, object]:
    """Give one thing of a plan, or one difference, as portable data."""
    data: dict[str, object] = {
        "act": item.act,
        "key": item.key,
        "scope": item.scope,
        "owner": item.owner,
    }
    for name, value in (("before", item.before), ("after", item.after)):
        if value is not UNSET:
            data[name] = masks.masked(item.key, value)
    return data | ({"reason": item.reason} if item.reason else {})


def _conflict_data(conflict: Conflict, masks: Masks) -> dict[str, object]:
    data: dict[str, object] = {
        "key": conflict.key,
        "scope": conflict.scope,
        "owner": conflict.owner,
        "reason": conflict.reason,
    }
    sides = (("base", conflict.base), ("ours", conflict.ours), ("theirs", conflict.theirs))
    for name, value in sides:
        if value is not UNSET:
            data[name] = masks.masked(conflict.key, value)
    return data


def tell_done(session: Session, what: str, changeset: Changeset | None, back: str = "") -> None:
    """Say in one line what was done, and how to take it back."""
    if changeset is None:
        say(session, f"{what}: nothing changed")
    else:
        hint = f"; take it back with: {back}" if back else ""
        say(session, f"{what} (changeset {short(changeset)}){hint}")
