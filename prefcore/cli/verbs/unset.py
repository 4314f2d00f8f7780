"""``prefcore unset``: values taken out of one set, so that weaker layers hold again."""

from __future__ import annotations

import click

from prefcore.cli.completing import keys
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, acting, one_set
from prefcore.cli.plans import carry_out
from prefcore.cli.session import Session
from prefcore.cli.verbs.set import tell_set
from prefcore.model.sets import place

__all__ = ["command"]


@click.command("unset", cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="KEY...", shell_complete=keys)
@one_set
@acting
@click.pass_obj
def command(
    session: Session, names: tuple[str, ...], target: Target, dry_run: bool, reason: str
) -> None:
    """Take preferences out of a set, so that weaker layers or the default hold again."""
    scope, owner = target.to_change(lambda: session.me)
    unset = list(dict.fromkeys(names))
    with session.preferences() as prefs:
        if dry_run:
            plan = prefs.plan_set(scope, owner, {}, unset=unset, reason=reason)
            carry_out(session, prefs, plan, Masks.of(prefs), dry=True)
            return
        changeset = prefs.set_many(scope, owner, {}, unset=unset, reason=reason)
        tell_set(session, "unset", unset, place(scope, owner), changeset)
