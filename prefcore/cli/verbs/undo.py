"""``prefcore undo``: a changeset taken back, as a changeset of its own."""

from __future__ import annotations

import click

from prefcore.cli.completing import changesets
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting, backing_up
from prefcore.cli.plans import finish, tell_done
from prefcore.cli.session import Session

__all__ = ["command"]


@click.command("undo", cls=Command)
@click.argument("changeset", required=False, shell_complete=changesets)
@click.option("--skip-conflicts", is_flag=True, help="Leave alone what was changed again since.")
@acting
@backing_up
@click.pass_obj
def command(
    session: Session,
    changeset: str | None,
    skip_conflicts: bool,
    dry_run: bool,
    reason: str,
    back_up: bool,
) -> None:
    """Take a change back: the newest, or the CHANGESET whose id begins so.

    Undoing is itself a changeset, so it can be undone. What was changed again since is a conflict:
    then nothing is undone and the exit code is 1. Undoing a migration is migrating back.
    """
    with session.preferences(back_up=back_up) as prefs:
        begin = prefs.begin_undo(changeset, skip=skip_conflicts, reason=reason, rehearsed=dry_run)
        with begin as begun:
            details = begun.plan.details
            versions = [str(details[end]) for end in ("from", "to") if end in details]
            made = finish(session, begun, Masks.of(prefs, *versions), dry=dry_run)
        if not dry_run:
            back = f"prefcore undo {made.id[:8]}" if made else ""
            tell_done(session, "undone", made, back)
