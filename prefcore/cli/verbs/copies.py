"""``prefcore migrate copies`` and ``recover``: the store's safety copies."""

from __future__ import annotations

import click

from prefcore.cli.asking import confirm
from prefcore.cli.completing import copies
from prefcore.cli.frame import Command
from prefcore.cli.output import escaped, print_json, print_table, say, warn
from prefcore.cli.session import Session
from prefcore.cli.times import json_time, local_time
from prefcore.errors import NotFound
from prefcore.facade.notary import Notary
from prefcore.host import default_actor

__all__ = ["list_command", "recover_command"]


@click.command("copies", cls=Command)
@click.pass_obj
def list_command(session: Session) -> None:
    """List the safety copies of the store, newest first; the last three are kept."""
    session.permit("inspect")
    store = session.open_store()
    try:
        found = store.copies()
    finally:
        store.close()
    if session.json:
        print_json(
            [
                {"id": c.id, "at": json_time(c.made_at), "size": c.size, "reason": c.reason}
                for c in found
            ]
        )
        return
    print_table(
        (escaped(one.id), local_time(one.made_at), f"{one.size:,} bytes", escaped(one.reason))
        for one in found
    )
    if not found:
        say(session, "there is no safety copy; migrations make them")


@click.command("recover", cls=Command)
@click.argument("copy", shell_complete=copies)
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.pass_obj
def recover_command(session: Session, copy: str, yes: bool, dry_run: bool) -> None:
    """Put the whole store, of all applications, back to a safety copy, with its history.

    This is for a damaged store; to take a migration back, use migrate down, which keeps later
    edits. The present state is kept as a further safety copy.
    """
    session.permit("store")
    store = session.open_store()
    try:
        fitting = [one for one in store.copies() if one.id.startswith(copy)]
        if len(fitting) != 1:
            what = "several safety copies begin" if fitting else "no safety copy begins"
            raise NotFound(f"{what} with '{copy}'; list them with: prefcore migrate copies")
        found = fitting[0]
        told = f"the whole store back to its state of {local_time(found.made_at)} ({found.reason})"
        if session.json:
            print_json({"copy": found.id, "recovered": not dry_run}, compact=True)
        if dry_run:
            say(session, f"would put {told}")
            return
        if not yes:
            confirm(session, f"Put {told}?", unasked=f"this would put {told}; confirm with --yes")
        store.restore_copy(found.id)
        actor = session.actor or default_actor(session.environ)
        Notary(store, session.keys, actor=actor, app=session.configuration.app).branched()
        say(session, f"put {told}")
        warn("what was changed since is only in the newest safety copy now")
    finally:
        store.close()
