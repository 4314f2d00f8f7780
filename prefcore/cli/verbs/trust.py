"""``prefcore trust``: whose code and schemas count: folders of others, allowed as they are now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import escaped, print_json, print_table, say
from prefcore.cli.session import Session
from prefcore.cli.times import json_time, local_time
from prefcore.config import FILE_NAME, Config
from prefcore.errors import NotFound, PrefcoreError, UsageError
from prefcore.origins import code_of, digest_of, schemas_of, why_not_own, why_not_own_schemas
from prefcore.trust import Allowed

__all__ = ["command"]

#: So many files are named; ``-v`` names all.
_MOST = 20


@click.command("trust", cls=Command)
@click.argument("folder", required=False, type=PATH)
@click.option("--revoke", is_flag=True, help="Allow the folder no more.")
@click.option("--list", "listing", is_flag=True, help="List what was allowed.")
@click.option("--dry-run", is_flag=True, help="Say what would be allowed, and change nothing.")
@click.pass_obj
def command(
    session: Session, folder: str | None, revoke: bool, listing: bool, dry_run: bool
) -> None:
    """Allow the code and schemas that a FOLDER's prefcore.toml leads to, as they are now.

    The code may run then, and the schemas come into stores. Needed where somebody else could have
    written them; your own folders need no allowing. Whatever changes there later takes it back.
    Without FOLDER, that of the prefcore.toml in force.
    """
    if listing:
        if folder or revoke:
            raise UsageError("--list stands alone: it lists every folder that was allowed")
        _list(session)
    elif revoke:
        _revoke(session, folder, dry_run=dry_run)
    else:
        _allow(session, _config(session, folder), dry_run=dry_run)


def _config(session: Session, folder: str | None) -> Config:
    path = session.file if folder is None else str(_file_of(Path(folder)))
    if path is None:
        raise NotFound("there is no prefcore.toml here or above; name its FOLDER")
    return Config.load(path, {}, app=session.app or "any", store="memory:")


def _file_of(folder: Path) -> Path:
    file = folder if folder.name == FILE_NAME else folder / FILE_NAME
    if not file.is_file():
        raise NotFound(f"{folder} holds no {FILE_NAME}, so nothing there would be run")
    return file.absolute()


def _allow(session: Session, config: Config, *, dry_run: bool) -> None:
    reason = why_not_own(config) or why_not_own_schemas(config)
    files = [str(one) for one in dict.fromkeys((*code_of(config), *schemas_of(config)))]
    if reason and not dry_run:
        session.trusted.allow(config, datetime.now(UTC))
    if session.json:
        allowed = bool(reason) and not dry_run
        print_json(
            {
                "folder": config.folder,
                "allowed": allowed,
                "own": not reason,
                "digest": digest_of(config) if reason else None,
                "files": files,
            }
        )
        return
    where = escaped(config.folder)
    if not reason:
        say(session, f"{where} is your own, and needs no allowing; nothing changed")
        return
    would = "would allow" if dry_run else "allowed"
    say(session, f"{would} the code and schemas of {where} as they are now ({escaped(reason)}):")
    shown = files if session.verbose else files[:_MOST]
    for file in shown:
        say(session, f"  {escaped(file)}")
    if len(files) > len(shown):
        say(session, f"  … and {len(files) - len(shown)} more (-v names them)")
    if not dry_run:
        say(session, f"take it back with: prefcore trust --revoke {where}")


def _revoke(session: Session, folder: str | None, *, dry_run: bool) -> None:
    # The folder may be gone, or hold no prefcore.toml any more.
    place = str(Path(folder).absolute()) if folder else _config(session, None).folder
    if session.trusted.allowed(place) is None or not dry_run:
        session.trusted.revoke(place)
    if session.json:
        print_json({"folder": place, "revoked": not dry_run})
    say(session, f"{escaped(place)} {'would be' if dry_run else 'is'} allowed no more")


def _list(session: Session) -> None:
    found = [(one, _state(one)) for one in session.trusted]
    if session.json:
        print_json(
            [
                {
                    "folder": one.folder,
                    "state": state,
                    "digest": one.digest,
                    "allowed_at": json_time(one.at),
                }
                for one, state in found
            ]
        )
        return
    print_table((state, local_time(one.at), escaped(one.folder)) for one, state in found)
    if not found:
        say(session, "no folder of others was allowed")


def _state(one: Allowed) -> str:
    """Say whether what was allowed is still there, as it was."""
    try:
        config = Config.load(one.config, {}, app="any", store="memory:")
        return "allowed" if digest_of(config) == one.digest else "changed"
    except PrefcoreError:
        return "gone"
