"""``prefcore schema snapshot``, ``check`` and ``diff``: a declaration against earlier versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from prefcore.cli.completing import versions
from prefcore.cli.findings import (
    GITHUB_LEVELS,
    annotation,
    breaks_shown,
    bump_shown,
    escaped_data,
    escaped_property,
    masked,
    row_of,
)
from prefcore.cli.frame import PATH, Command
from prefcore.cli.locating import Source, source_of_class, source_of_file
from prefcore.cli.output import amount, escaped, print_json, print_table, say, warn
from prefcore.cli.session import Session
from prefcore.cli.sources import (
    own_class,
    own_schema,
    policy,
    schema_of_file,
    snapshot_folder,
    steps,
)
from prefcore.documents import values_of
from prefcore.engines.refusing import Refused
from prefcore.errors import NotFound
from prefcore.facade.releasing import Releases
from prefcore.schema import Snapshots
from prefcore.schema.compatibility import (
    MODES,
    REMEDIES,
    Judgement,
    Policy,
    smallest_version,
)

if TYPE_CHECKING:
    from prefcore.engines.migrating import ChangedStep
    from prefcore.engines.refusing import Refusals
    from prefcore.schema import SchemaDocument

__all__ = ["check_command", "diff_command", "snapshot_command"]

_LEVELS = ("error", "warning", "note")

_source = click.argument("source", required=False, metavar="[FILE]", type=PATH)


def _releases(session: Session, source: str | None = None) -> Releases:
    found = session.configuration
    plugins = session.plugins
    declared = (
        schema_of_file(source, found.app, plugins)
        if source
        else own_schema(found, plugins, session.trusted)
    )
    return Releases(
        _snapshots(session), declared=declared, steps=steps(found, plugins, session.trusted)
    )


def _snapshots(session: Session) -> Snapshots:
    found = session.configuration
    decode = partial(values_of, find=session.plugins.formats.get)
    return Snapshots(snapshot_folder(found), found.app, decode=decode)


# ------------------------------------------------------------------------------------ snapshot


@click.command("snapshot", cls=Command)
@_source
@click.pass_obj
def snapshot_command(session: Session, source: str | None) -> None:
    """Write the snapshot of today's declaration: schemas/VERSION.json, to be committed.

    Declared is the configured class, or a schema FILE. A version whose snapshot says something
    else is refused: what was released stays as it was.
    """
    releases = _releases(session, source)
    path, is_new = releases.write_snapshot()
    declared = releases.declared
    if session.json:
        data = {"version": declared.version, "digest": declared.digest, "path": str(path)}
        print_json({**data, "written": is_new})
        return
    if is_new:
        say(session, f"wrote {path} ({amount(len(declared.preferences), 'preference')})")
    else:
        say(session, f"{path} holds {declared.version} already; nothing changed")


# --------------------------------------------------------------------------------------- check


@click.command("check", cls=Command)
@_source
@click.option(
    "--mode",
    metavar="MODE",
    type=click.Choice(MODES),
    help=f"What has to stay compatible: {', '.join(MODES)}.",
)
@click.option(
    "--remedy",
    metavar="REMEDY",
    type=click.Choice(REMEDIES),
    help=f"What mends a break: {', '.join(REMEDIES)}.",
)
@click.option("--github", is_flag=True, help="Print annotations for a workflow of GitHub.")
@click.option("--against-store", is_flag=True, help="Count stored values that would be refused.")
@click.pass_obj
def check_command(
    session: Session,
    source: str | None,
    mode: str | None,
    remedy: str | None,
    github: bool,
    against_store: bool,
) -> int:
    """Compare today's declaration with the last snapshots: what breaks, and the version it needs.

    Declared is the configured class, a schema FILE, or else the newest snapshot. Exits with 1 where
    the declared version is too small, or something is an error whatever the version, and with 3
    where a policy kept stored values from being looked at.
    """
    releases = _releases(session, source)
    if not releases.versions:
        raise NotFound(
            f"no version of {session.configuration.app} has a snapshot yet; write the first with: "
            "prefcore schema snapshot"
        )
    judgement = releases.check(_policy(session, mode, remedy), today=datetime.now(UTC).date())
    refused, changed = _against_store(session, releases) if against_store else (Refused(), [])
    broken = [one for one in changed if one.severity == "error"]
    is_good = (judgement is None or judgement.is_good) and not refused.found and not broken
    code = 1 if not is_good else 3 if refused.unseen else 0
    if session.json:
        print_json(_check_data(releases, judgement, refused if against_store else None, changed))
        return code
    if judgement is None:
        say(session, f"{releases.declared.version} is the first version: nothing to compare with")
    else:
        _print_judgement(session, releases, judgement, _source_of(session, source), github=github)
    _print_refused(releases.declared, refused.found, changed, github=github)
    if refused.unseen:
        sets = "1 set was" if refused.unseen == 1 else f"{refused.unseen} sets were"
        warn(f"{sets} not looked at, for you may not read all of their values")
    return code


def _policy(session: Session, mode: str | None, remedy: str | None) -> Policy:
    found = policy(session.configuration)
    return Policy(mode or found.mode, remedy or found.remedy, found.overrides)


def _against_store(session: Session, releases: Releases) -> tuple[Refused, list[ChangedStep]]:
    with session.preferences() as prefs:
        return prefs.refusals(releases.declared), prefs.changed_steps()


def _source_of(session: Session, source: str | None) -> Source | None:
    """Give where today's declaration stands."""
    found = session.configuration
    if source is None and Path(found.schemas).is_file():
        source = found.schemas
    if source is not None:
        return source_of_file(Path(source))
    declared = own_class(found, session.trusted)
    if declared is not None:
        return source_of_class(declared)
    newest = _snapshots(session).path_of_newest
    return None if newest is None else source_of_file(newest)


def _print_judgement(
    session: Session,
    releases: Releases,
    judgement: Judgement,
    source: Source | None,
    *,
    github: bool,
) -> None:
    items = sorted(judgement.items, key=lambda one: _LEVELS.index(one.level))
    if github:
        for one in items:
            click.echo(annotation(one.finding, one.level, source))
    else:
        rules = f"{judgement.policy.mode}, {judgement.policy.remedy}"
        name = session.configuration.app
        click.echo(f"{name} {judgement.declared} against {judgement.last} ({rules})")
        print_table(map(row_of, items), indent="  ")
    smallest = judgement.smallest
    if judgement.is_good:
        what = "is the smallest version" if smallest == judgement.declared else "is a version"
        say(session, f"{judgement.declared} {what} that will do")
    elif judgement.is_allowed:
        say(session, f"{judgement.declared} is enough, but {_counted(judgement)} in the way")
    else:
        say(session, f"declared is {judgement.declared}; use {smallest} or higher")


def _counted(judgement: Judgement) -> str:
    count = len(judgement.errors)
    return "1 error stands" if count == 1 else f"{count} errors stand"


def _print_refused(
    declared: SchemaDocument,
    refused: Iterable[Refusals],
    changed: list[ChangedStep],
    *,
    github: bool,
) -> None:
    if github:
        for one in refused:
            message = f"{one.count} stored in {one.scope}: {one.sample}"
            title = escaped_property(f"{one.key} is refused")
            click.echo(f"::error title={title}::{escaped_data(escaped(message))}")
        for step in changed:
            click.echo(
                f"::{GITHUB_LEVELS[step.severity]} title=M06::{escaped_data(escaped(step.message))}"
            )
        return
    if refused:
        click.echo(f"stored values that {declared.version} refuses:")
        print_table(
            ((one.scope, one.key, str(one.count), escaped(one.sample)) for one in refused),
            indent="  ",
        )
    for step in changed:
        click.echo(f"{step.severity}  {escaped(step.message)}")


def _check_data(
    releases: Releases,
    judgement: Judgement | None,
    refused: Refused | None,
    changed: list[ChangedStep],
) -> dict[str, object]:
    data: dict[str, object] = {"app": releases.declared.app, "declared": releases.declared.version}
    if judgement is not None:
        last = releases.document(judgement.last)
        data |= {
            "last": judgement.last,
            "mode": judgement.policy.mode,
            "remedy": judgement.policy.remedy,
            "bump": judgement.bump,
            "smallest": judgement.smallest,
            "allowed": judgement.is_allowed,
            "good": judgement.is_good,
            "findings": [
                masked(one.as_document(), releases.declared, last) for one in judgement.items
            ],
        }
    else:
        data |= {"last": None, "good": True, "findings": []}
    if refused is not None:
        data["refused"] = [one.as_document() for one in refused.found]
        data["unseen"] = refused.unseen
        data["changed_steps"] = [attrs.asdict(one) for one in changed]
        broken = [one for one in changed if one.severity == "error"]
        data["good"] = bool(data["good"]) and not data["refused"] and not broken
    return data


# ---------------------------------------------------------------------------------------- diff


@click.command("diff", cls=Command)
@click.argument("older", metavar="A", type=PATH, shell_complete=versions)
@click.argument("newer", metavar="B", type=PATH, shell_complete=versions)
@click.pass_obj
def diff_command(session: Session, older: str, newer: str) -> None:
    """Show what changed between two versions, or schema files, and whom it breaks.

    Renames are told by the steps between the two and by aliases; none is guessed.
    """
    releases = _releases(session)
    before, after = releases.document(older), releases.document(newer)
    comparison = releases.compare(before, after)
    smallest = smallest_version(before.version, comparison.bump())
    if session.json:
        print_json(
            {
                "app": after.app,
                "older": before.version,
                "newer": after.version,
                "bump": comparison.bump(),
                "smallest": smallest,
                "findings": [
                    masked(one.as_document() | {"bump": one.bump()}, before, after)
                    for one in comparison.findings
                ],
            }
        )
        return
    click.echo(f"{after.app} {before.version} → {after.version}")
    print_table(
        (
            (one.rule, bump_shown(one.bump()), breaks_shown(one), escaped(one.message))
            for one in comparison.findings
        ),
        indent="  ",
    )
    if not comparison.findings:
        say(session, "nothing changed")
    else:
        bump = comparison.bump()
        say(session, f"a {bump} change: the smallest version after {before.version} is {smallest}")
