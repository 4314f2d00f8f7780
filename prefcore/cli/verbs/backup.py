"""``prefcore backup``: backups of the whole store, made, listed, shown, verified and restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from prefcore.cli.backups import opened, targeting, told, told_amount, told_encryption
from prefcore.cli.completing import backup_ids, formats
from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.output import escaped, print_json, print_table, say, warn
from prefcore.cli.passphrases import new_passphrase
from prefcore.cli.progress import stages
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.errors import NotFound, PrefcoreError, UsageError
from prefcore.schema.secret import Secret

if TYPE_CHECKING:
    from prefcore.engines.backups import Listed, Manifest
    from prefcore.facade.backups import Backups

__all__ = ["command", "create_command", "list_command", "show_command", "verify_command"]

command = LazyGroup(
    name="backup",
    package="prefcore.cli.verbs",
    table={
        "create": ("backup:create_command", "Back the whole store up."),
        "list": ("backup:list_command", "List the backups in a target."),
        "show": ("backup:show_command", "Show what a backup holds."),
        "verify": ("backup:verify_command", "See whether backups are what they should be."),
        "restore": ("restore:command", "Bring values, or a whole store, back from a backup."),
    },
    help="Back the whole store up, look at backups, and restore.",
)


@click.command("create", cls=Command)
@targeting
@click.option(
    "--format",
    "format_id",
    metavar="ID",
    help="Write this format (default: binary if installed, else json).",
    shell_complete=formats,
)
@click.option("--always", is_flag=True, help="Even if nothing changed since the newest backup.")
@click.option("--no-encrypt", is_flag=True, help="Leave it in clear, although you have a key ring.")
@click.option("--passphrase", is_flag=True, help="Encrypt it to a passphrase, not to the key ring.")
@click.pass_obj
def create_command(
    session: Session,
    target: str | None,
    format_id: str | None,
    always: bool,
    no_encrypt: bool,
    passphrase: bool,
) -> None:
    """Back the whole store up: all applications, all values, history and schema versions.

    It is encrypted to your key ring, if you have one, and its manifest holds a signed checkpoint of
    the log. It is read back from the target before it counts. Nothing is made where nothing changed
    since the newest one. What your backups that were cut off left in the target is removed.
    """
    if no_encrypt and passphrase:
        raise UsageError("--no-encrypt leaves it in clear, --passphrase encrypts it; give one")
    with opened(session, target) as backups:
        store = session.open_store()
        try:
            phrase = Secret(new_passphrase(session, "the backup")) if passphrase else None
            with stages(session) as backups.stages:
                taken = backups.create(
                    store,
                    format=format_id,
                    always=always,
                    encrypt=False if no_encrypt else None,
                    passphrase=phrase,
                )
        finally:
            store.close()
        name, manifest = backups.name, taken.manifest
    if taken.warning:
        warn(escaped(taken.warning))
    if session.json:
        data = {"target": name, "new": taken.is_new, "backup": manifest.as_data()}
        print_json({**data, "swept": list(taken.swept)})
        return
    for id in taken.swept:
        say(session, f"removed the document of backup {id}, which was cut off while it was made")
    if not taken.is_new:
        say(session, f"nothing changed since backup {_short(manifest)} in {escaped(name)}")
    else:
        size = f"{manifest.size:,} bytes of {manifest.format}, {told_encryption(manifest)}"
        say(session, f"backed up {told(manifest)} to {escaped(name)} ({size})")
        say(session, f"verified; backup {manifest.id}")


def _short(manifest: Manifest) -> str:
    from prefcore.engines.backups import SHORT

    return manifest.id[:SHORT]


@click.command("list", cls=Command)
@targeting
@click.pass_obj
def list_command(session: Session, target: str | None) -> None:
    """List the backups in a target, newest first, whole or not, and files that are none."""
    with opened(session, target) as backups:
        found, name = backups.list(), backups.name
    if session.json:
        print_json(
            {
                "target": name,
                "backups": [_data(one) for one in reversed(found.backups)],
                "foreign": list(found.foreign),
            }
        )
        return
    print_table(_row(one) for one in reversed(found.backups))
    for one in found.backups:
        if one.problem is not None:
            warn(escaped(one.problem.message))
    if found.foreign:
        shown = ", ".join(found.foreign[:5]) + (", …" if len(found.foreign) > 5 else "")
        warn(escaped(f"left alone, because they are no backups: {shown}"))
    if not found.backups:
        say(
            session, f"there is no backup in {escaped(name)}; make one with: prefcore backup create"
        )


def _data(one: Listed) -> dict[str, object]:
    problem = {} if one.problem is None else {"problem": one.problem.message}
    data = {} if one.manifest is None else one.manifest.as_data()
    return {"id": one.id, "state": one.state, **problem, **data}


def _row(one: Listed) -> tuple[str, ...]:
    manifest = one.manifest
    if manifest is None:
        return (one.short, one.state, "", "", "")
    apps = ", ".join(f"{app.app} {app.schema or ''}".strip() for app in manifest.apps)
    when = local_time(manifest.created_at)
    state = told(manifest) if one.state == "ok" else one.state
    return (one.short, when, state, f"{manifest.size:,} bytes", escaped(apps))


@click.command("show", cls=Command)
@click.argument("id", metavar="ID", shell_complete=backup_ids)
@targeting
@click.pass_obj
def show_command(session: Session, id: str, target: str | None) -> None:
    """Show what the backup ID (its beginning, or `latest`) holds."""
    with opened(session, target) as backups:
        manifest, name = backups.find(id), backups.name
    if session.json:
        print_json({"target": name, "backup": manifest.as_data()})
        return
    rows = [
        ("backup", manifest.id),
        ("target", name),
        ("made", f"{local_time(manifest.created_at)} by {manifest.generator}"),
        ("document", f"{manifest.name}, {manifest.size:,} bytes of {manifest.format}"),
        ("encrypted", told_encryption(manifest)),
        ("digest", manifest.digest),
    ]
    for app in manifest.apps:
        last = f", last changeset {app.changeset[:8]}" if app.changeset else ""
        rows.append(("application", f"{app.app}, schema {app.schema or 'none'}{last}"))
    for scope, (sets, entries) in sorted(manifest.scopes.items()):
        rows.append(("scope", f"{scope}: {told_amount(sets, entries)}"))
    signed = "" if manifest.checkpoint is None else ", signed"
    rows.append(
        ("history", f"{manifest.revision:,} changesets, audit chain {manifest.chain[:16]}…{signed}")
    )
    print_table((title, escaped(text)) for title, text in rows)


@click.command("verify", cls=Command)
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=backup_ids)
@targeting
@click.option(
    "--level",
    type=click.IntRange(0, 3),
    default=2,
    metavar="N",
    help="0: there; 1: its bytes; 2: what it holds (default); 3: restored into a scratch store.",
)
@click.pass_obj
def verify_command(session: Session, ids: tuple[str, ...], target: str | None, level: int) -> int:
    """See whether backups (all in the target, if no ID is given) are what they should be.

    Exits with 13 if one is damaged or incomplete, and with 10 if there is none to look at.
    """
    from prefcore.engines.backups import LATEST

    with opened(session, target) as backups:
        found, name = backups.list(), backups.name
        if ids:
            for id in ids:  # what there is not is an error, and no backup that fails
                _ = found.named(id) if id == LATEST else found.listed(id)
            wanted = [(id, lambda id=id: found.named(id)) for id in ids]
        else:
            wanted = [(one.id, lambda one=one: found.named(one.id)) for one in found.backups]
        if not wanted:
            raise NotFound(f"there is no backup in {name}; make one with: prefcore backup create")
        results = [_verified(session, backups, id, find, level) for id, find in wanted]
    if session.json:
        shown = [
            {"id": id, "level": level, "ok": error is None}
            | ({} if error is None else {"problem": error.message})
            for id, error in results
        ]
        print_json({"target": name, "backups": shown})
    codes = [error.exit_code for _, error in results if error is not None]
    return max(codes, default=0)


def _verified(
    session: Session, backups: Backups, id: str, find: Callable[[], Manifest], level: int
) -> tuple[str, PrefcoreError | None]:
    from prefcore.engines.backups import LEVELS

    try:
        manifest = find()
        id = manifest.id
        with stages(session) as backups.stages:
            backups.verify(manifest, level=level)
    except PrefcoreError as error:
        if not session.json:
            click.echo(f"{click.style('fail', fg='red')}  {escaped(error.message)}")
        return id, error
    if not session.json and not session.quiet:
        click.echo(f"{click.style('ok', fg='green')}    {id}: {LEVELS[level]}")
    return id, None
