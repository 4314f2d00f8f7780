"""``prefcore template``: named sets of values, to give to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import keys, templates
from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, acting, owner_name, targeting, trusting
from prefcore.cli.output import amount, escaped, print_json, print_table, say, shown, width
from prefcore.cli.plans import carry_out, tell_done
from prefcore.cli.session import Session

if TYPE_CHECKING:
    from prefcore.model import Plan
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = [
    "apply_command",
    "command",
    "delete_command",
    "list_command",
    "save_command",
    "show_command",
]

command = LazyGroup(
    name="template",
    package="prefcore.cli.verbs",
    table={
        "list": ("template:list_command", "List the templates."),
        "show": ("template:show_command", "Show what a template holds."),
        "save": ("template:save_command", "Make a template from the values of a set."),
        "apply": ("template:apply_command", "Give a set the values of a template."),
        "delete": ("template:delete_command", "Delete a template."),
    },
    help="Named sets of values: make them, and give them to others.",
)


def _checked(context: click.Context, _: click.Parameter, value: str) -> str:
    return value if context.resilient_parsing else owner_name(value, "NAME")


_name = click.argument("name", metavar="NAME", callback=_checked, shell_complete=templates)
_from = targeting(
    "From this user's values (default: yours).",
    "From this project's values.",
    "From the system's values.",
)
_to = targeting("To this user (default: you).", "To this project.", "To the system.")


@click.command("list", cls=Command)
@click.pass_obj
def list_command(session: Session) -> None:
    """List the templates, and how many values each holds."""
    with session.reading() as prefs:
        found = [(one.owner, [row[0] for row in one.rows]) for one in prefs.templates]
    if session.json:
        print_json([{"template": name, "keys": held} for name, held in found])
        return
    print_table((escaped(name), amount(len(held), "value")) for name, held in found)
    if not found:
        say(session, "there are no templates; make one with: prefcore template save NAME")


@click.command("show", cls=Command)
@_name
@click.pass_obj
def show_command(session: Session, name: str) -> None:
    """Show what a template holds."""
    with session.reading() as prefs:
        entries = prefs.templates.named(name).entries
        masks = Masks.of(prefs)
    if session.json:
        print_json([{"key": e.key, "value": masks.masked(e.key, e.value)} for e in entries])
        return
    limit = width(session)
    print_table((e.key, shown(masks.masked(e.key, e.value), limit)) for e in entries)


@click.command("save", cls=Command)
@_name
@click.option(
    "--key",
    "glob",
    metavar="GLOB",
    default="*",
    help="Only keys that match, such as 'editor.*'.",
    shell_complete=keys,
)
@_from
@acting
@click.pass_obj
def save_command(
    session: Session, name: str, glob: str, target: Target, dry_run: bool, reason: str
) -> None:
    """Make template NAME from the values that a set itself holds, or make it anew.

    It then holds just these. Sensitive values are left out.
    """
    scope, owner = target.to_change(lambda: session.me)
    with session.preferences() as prefs:
        plan = prefs.templates.plan_save(name, scope, owner, keys=glob, reason=reason)
        _do(session, prefs, plan, f"saved template {escaped(name)}", dry=dry_run)


@click.command("apply", cls=Command)
@_name
@_to
@trusting
@acting
@click.pass_obj
def apply_command(
    session: Session, name: str, target: Target, trust: bool, dry_run: bool, reason: str
) -> None:
    """Give a set the values of template NAME; what else it holds stays.

    All or nothing: a key that may not stand in that scope refuses the whole template.
    """
    scope, owner = target.to_change(lambda: session.me)
    with session.preferences() as prefs:
        plan = prefs.templates.plan_apply(name, scope, owner, trust=trust, reason=reason)
        _do(session, prefs, plan, f"applied template {escaped(name)}", dry=dry_run)


@click.command("delete", cls=Command)
@_name
@acting
@click.pass_obj
def delete_command(session: Session, name: str, dry_run: bool, reason: str) -> None:
    """Delete template NAME; sets that were made from it keep their values."""
    with session.preferences() as prefs:
        plan = prefs.templates.plan_delete(name, reason=reason)
        _do(session, prefs, plan, f"deleted template {escaped(name)}", dry=dry_run)


def _do(session: Session, prefs: Preferences[Schema], plan: Plan, told: str, *, dry: bool) -> None:
    made = carry_out(session, prefs, plan, Masks.of(prefs), dry=dry)
    if not dry:
        tell_done(session, told, made, f"prefcore undo {made.id[:8]}" if made else "")
