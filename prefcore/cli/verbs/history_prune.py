"""``prefcore history prune``: what stood before old changes, forgotten for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from prefcore.cli.asking import confirm
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting
from prefcore.cli.output import escaped, say, warn
from prefcore.cli.plans import finish, print_plan, short
from prefcore.cli.progress import progress
from prefcore.cli.session import Session
from prefcore.cli.times import duration_of, moment_of
from prefcore.errors import UsageError

if TYPE_CHECKING:
    from typing import TypedDict

    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

    class _Wanted(TypedDict):
        before: datetime | None
        keep_last: int | None
        back_up: bool
        reason: str


__all__ = ["command"]


@click.command("prune", cls=Command)
@click.option("--older-than", metavar="TIME", help="What is older than this: 12h, 90d, 26w, 2y.")
@click.option("--before", metavar="TIME", help="What was done before this day or time.")
@click.option(
    "--keep-last",
    metavar="N",
    type=click.IntRange(min=0),
    help="All but the newest N changesets that changed values.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--no-backup", is_flag=True, help="Take no backup first, where one would be taken.")
@acting
@click.pass_obj
def command(
    session: Session,
    older_than: str | None,
    before: str | None,
    keep_last: int | None,
    yes: bool,
    dry_run: bool,
    no_backup: bool,
    reason: str,
) -> None:
    """Forget what stood before old changes of this application, for good.

    What is held now stays, and so does who did what, when and why: only the values before go, from
    the beginning up to some changeset. Of several options, what one of them keeps stays. Those
    changesets can then not be undone, nor migrations among them taken back. The store's file is
    written anew, so that nothing of what was forgotten is left in it. There is no way back but a
    backup, which is made first where a target is configured.
    """
    wanted: _Wanted = {
        "before": _moment(older_than, before),
        "keep_last": keep_last,
        "back_up": not no_backup,
        "reason": reason,
    }
    if before is None and older_than is None and keep_last is None:
        raise UsageError("say what goes: --older-than 90d, --before 2026-01-31 or --keep-last 100")
    with session.preferences() as prefs:
        expected = None if dry_run or yes else _confirmed(session, prefs, wanted)
        with (
            progress(session, "pruning") as told,
            prefs.begin_prune(**wanted, rehearsed=dry_run, progress=told) as begun,
        ):
            made = finish(session, begun, Masks.of(prefs), dry=dry_run, expected=expected)
    if dry_run or session.json:
        return
    if made is None:
        say(session, "nothing to prune; made sure that nothing forgotten is left in the file")
    else:
        say(session, f"pruned (changeset {short(made)}); this cannot be taken back")


def _moment(older_than: str | None, before: str | None) -> datetime | None:
    """Give the moment before which what was done goes; taken once, so that a plan stays true."""
    moments = []
    if older_than is not None:
        long = duration_of(older_than, "--older-than")
        now = datetime.now(UTC)
        moments.append(now - min(long, now - datetime.min.replace(tzinfo=UTC)))
    found = moment_of(before, "--before", ends_day=False)
    return min([*moments, found] if found is not None else moments, default=None)


def _confirmed(session: Session, prefs: Preferences[Schema], wanted: _Wanted) -> str | None:
    """Show the plan, and have it confirmed; gives its digest, None where there is nothing to do."""
    plan = prefs.plan_prune(**wanted)
    if plan.is_empty:
        return None
    if session.may_ask:
        print_plan(session, plan, Masks.of(prefs), dry=True)
        for warning in plan.warnings:
            warn(escaped(warning))
    confirm(
        session,
        "Forget this for good?",
        unasked=f"this would {plan.summary}, which cannot be taken back; look at it with "
        "--dry-run, and confirm with --yes",
    )
    return plan.digest
