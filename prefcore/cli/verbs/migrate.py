"""``prefcore migrate``: stored values brought to another schema version, and back."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import attrs
import click

from prefcore.cli.completing import versions
from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting, backing_up
from prefcore.cli.output import escaped, print_json, say
from prefcore.cli.plans import carry_out, counted, finish, plan_data, tell_done
from prefcore.cli.progress import progress
from prefcore.cli.session import Session
from prefcore.cli.steps import told_steps
from prefcore.errors import PrefcoreError, StalePlan, UsageError
from prefcore.model import Plan

if TYPE_CHECKING:
    from prefcore.facade.act import Begun
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = [
    "command",
    "down_command",
    "plan_command",
    "status_command",
    "up_command",
]

command = LazyGroup(
    name="migrate",
    package="prefcore.cli.verbs",
    table={
        "status": ("migrate:status_command", "Say whether a migration is due."),
        "plan": ("migrate:plan_command", "Show what a migration would do, up or down."),
        "up": ("migrate:up_command", "Migrate to the newest version, or to a higher one."),
        "down": ("migrate:down_command", "Migrate back, with every value as it was before."),
        "copies": ("copies:list_command", "List the safety copies of the store."),
        "recover": ("copies:recover_command", "Put the whole store back to a safety copy."),
    },
    help="Bring stored values to another schema version, and back.",
)

_to = click.option("--to", metavar="VERSION", help="To this version.", shell_complete=versions)


def _long_enough(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and len(value.removeprefix("sha256:")) < 8:
        raise UsageError("--plan takes at least 8 characters of a plan's digest")
    return value


_plan = click.option(
    "--plan",
    "digest",
    callback=_long_enough,
    metavar="DIGEST",
    help="Only if it would still do what the plan of this digest says.",
)
_take = click.option(
    "--take",
    type=click.Choice(["before"]),
    help="Where the older schema refuses an edit made since: what stood before the upgrade.",
)


# ------------------------------------------------------------------------------ looking first


@click.command("status", cls=Command)
@click.pass_obj
def status_command(session: Session) -> None:
    """Say whether a migration is required, optional or not needed, and the command to run.

    Required: stored values must change to fit the newest schema. Optional: only the version would.
    """
    with session.preferences() as prefs:
        data = _status(prefs)
        changed = told_steps(prefs)
    if session.json:
        print_json(data | {"steps": [attrs.asdict(one) for one in changed]})
        return
    in_force, newest, state = data["version"], data["newest"], data["state"]
    click.echo(f"{data['app']}: schema {in_force or 'none'} in force, newest known {newest}")
    click.echo(f"migration: {state}" + (f" ({data['why']})" if data["why"] else ""))
    if data["command"]:
        click.echo(f"run: {data['command']}")
    for one in changed:
        click.echo(f"{one.severity}: {escaped(one.message)}")


def _status(prefs: Preferences[Schema]) -> dict[str, object]:
    newest = prefs.newest_version or prefs.version
    data: dict[str, object] = {
        "app": prefs.app,
        "version": prefs.version,
        "newest": newest,
        "state": "none",
        "why": "",
        "command": "",
        "counts": {},
    }
    if prefs.version is None:
        return data | {"why": "nothing is stored yet"}
    if newest is None or newest == prefs.version:
        return data
    if _is_lower(newest, prefs.version):
        return data | {
            "why": "the store is newer than the schemas here",
            "command": f"prefcore migrate down --to {newest}",
        }
    try:
        plan = prefs.plan_migration(newest)
    except PrefcoreError as error:
        return data | {"state": "required", "why": f"but not possible: {error.message}"}
    state = "optional" if plan.is_empty and plan.is_applicable else "required"
    return data | {
        "state": state,
        "why": "only the version would change" if state == "optional" else counted(plan),
        "command": "prefcore migrate up",
        "counts": dict(plan.counts),
    }


def _is_lower(one: str, other: str) -> bool:
    from prefcore.schema import Version

    return Version.parse(one) < Version.parse(other)


@click.command("plan", cls=Command)
@_to
@_take
@click.pass_obj
def plan_command(session: Session, to: str | None, take: str | None) -> None:
    """Show what migrating to the newest version (or --to another, up or down) would do."""
    with session.preferences() as prefs:
        plan = prefs.plan_migration(to, take_before=take == "before")
        carry_out(session, prefs, plan, _masks(prefs, plan), dry=True)
        way = plan.details["direction"]
        goal = plan.details["to"]
        if plan.details["from"] == goal:
            say(session, f"already at {goal}: there is nothing to do")
        else:
            extra = " --take before" if take else ""
            say(
                session, f"run: prefcore migrate {way} --to {goal}{extra} --plan {plan.digest[:23]}"
            )


def _masks(prefs: Preferences[Schema], plan: Plan) -> Masks:
    return Masks.of(prefs, str(plan.details["to"]))


# ------------------------------------------------------------------------------------- acting


@click.command("up", cls=Command)
@_to
@_plan
@acting
@backing_up
@click.pass_obj
def up_command(
    session: Session,
    to: str | None,
    digest: str | None,
    dry_run: bool,
    reason: str,
    back_up: bool,
) -> None:
    """Migrate to the newest version, or --to a higher one.

    All steps are one changeset, and a safety copy of the store is kept first. Where a backup
    target is configured, a step that may lose something takes a backup too.
    """
    with session.preferences(back_up=back_up) as prefs:
        if to and prefs.version and _is_lower(to, prefs.version):
            raise UsageError(
                f"{to} is below {prefs.version}, which is in force; "
                f"use: prefcore migrate down --to {to}"
            )
        with ExitStack() as stack:
            with progress(session, "migrating") as watch:
                begun = stack.enter_context(
                    prefs.begin_migration(to, reason=reason, rehearsed=dry_run, progress=watch)
                )
            _migrate(session, prefs, begun, digest, dry=dry_run)


@click.command("down", cls=Command)
@_to
@_plan
@_take
@acting
@backing_up
@click.pass_obj
def down_command(
    session: Session,
    to: str | None,
    digest: str | None,
    take: str | None,
    dry_run: bool,
    reason: str,
    back_up: bool,
) -> None:
    """Migrate back to where the last migration came from, or --to a lower version.

    Values that nobody changed since come back exactly as they were before the upgrade; later edits
    are carried down. An edit that the older schema refuses is a conflict, and nothing is changed.
    """
    with session.preferences(back_up=back_up) as prefs:
        goal = to or _before(prefs)
        if prefs.version and _is_lower(prefs.version, goal):
            raise UsageError(
                f"{goal} is above {prefs.version}, which is in force; "
                f"use: prefcore migrate up --to {goal}"
            )
        with ExitStack() as stack:
            with progress(session, "migrating back") as watch:
                begin = prefs.begin_migration(
                    goal,
                    take_before=take == "before",
                    reason=reason,
                    rehearsed=dry_run,
                    progress=watch,
                )
                begun = stack.enter_context(begin)
            _migrate(session, prefs, begun, digest, dry=dry_run)


def _before(prefs: Preferences[Schema]) -> str:
    """Give the version that the newest migration up came from, of those that nothing took back."""
    lowest = prefs.version or ""
    for one in prefs.log():
        before, after = one.schema_before, one.schema_after
        if before is None or after is None or before == after:
            continue
        if _is_lower(before, after) and _is_lower(before, lowest):
            return before
        lowest = after if _is_lower(after, lowest) else lowest
    raise UsageError("there is no migration up to take back; say where to go with --to VERSION")


def _migrate(
    session: Session,
    prefs: Preferences[Schema],
    begun: Begun,
    digest: str | None,
    *,
    dry: bool,
) -> None:
    plan = begun.plan
    _check_digest(plan, digest)
    start, goal, way = (str(plan.details[name]) for name in ("from", "to", "direction"))
    if start == goal:
        if session.json:
            print_json(plan_data(plan, Masks(), changeset=None))
        say(session, f"already at {goal}: nothing to do")
        return
    made = finish(session, begun, _masks(prefs, plan), dry=dry)
    if dry:
        return
    back = "down" if way == "up" else "up"
    tell_done(
        session, f"migrated {way} {start} → {goal}", made, f"prefcore migrate {back} --to {start}"
    )
    if plan.counts.get("remove"):
        say(session, "removed values are kept in the history, and come back on the way back")


def _check_digest(plan: Plan, digest: str | None) -> None:
    if digest is None:
        return
    if not plan.digest.removeprefix("sha256:").startswith(digest.removeprefix("sha256:")):
        raise StalePlan(
            f"{plan.summary}: the plan is another by now ({plan.digest[:23]}); look at it with: "
            "prefcore migrate plan",
            expected=digest,
            found=plan.digest,
        )
