"""``prefcore keys rotate``, ``reencrypt``, ``compromise`` and ``rewrap``: other keys."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from prefcore.cli.frame import Command
from prefcore.cli.output import print_json, say, warn
from prefcore.cli.passphrases import Kept, keeping, new_root
from prefcore.cli.session import Session
from prefcore.cli.verbs.keys import record
from prefcore.cli.warnings import warn_uncopied
from prefcore.errors import PrefcoreError

if TYPE_CHECKING:
    from prefcore.security.ring import KeyRing

__all__ = ["compromise_command", "reencrypt_command", "rewrap_command", "rotate_command"]

_REENCRYPT = "encrypt anew what is stored, in each store: prefcore keys reencrypt"


@click.command("rotate", cls=Command)
@click.pass_obj
def rotate_command(session: Session) -> None:
    """Make a new key, which encrypts from now on; the ones before still open what they encrypted.

    What is stored stays under its key until keys reencrypt.
    """
    ring = session.keys.folder.change(lambda ring: ring.rotated(datetime.now(UTC), os.urandom))
    record(session, "rotate", ring.active.id)
    if session.json:
        print_json({"key": ring.active.id}, compact=True)
    say(session, f"secrets are encrypted with {ring.active.id} from now on; {_REENCRYPT}")
    _warn_stale_copy(ring)


def _warn_stale_copy(ring: KeyRing) -> None:
    """Say that copies made before lack the new key, or that there is none."""
    if ring.copied_at is None:
        warn_uncopied(ring)
    else:
        warn("copies of the key ring lack the new key; make another: prefcore keys export FILE")


@click.command("compromise", cls=Command)
@click.argument("key")
@click.pass_obj
def compromise_command(session: Session, key: str) -> None:
    """Mark a KEY, by its id or the beginning of it, that somebody else may have.

    It encrypts nothing any more. Who has it can read what it encrypted, also in older copies of the
    store, so change the secrets themselves too.
    """
    now = datetime.now(UTC)
    before = session.keys.ring
    ring = session.keys.folder.change(lambda ring: ring.compromised(key, now, os.urandom))
    found = ring.key(key).id
    record(session, "compromise", found, active=ring.active.id)
    if session.json:
        print_json({"key": found, "active": ring.active.id}, compact=True)
    say(session, f"{found} is compromised; {_REENCRYPT}, then change the secrets themselves")
    if before is not None and before.active.id != ring.active.id:
        _warn_stale_copy(ring)


@click.command("rewrap", cls=Command)
@keeping
@click.pass_obj
def rewrap_command(session: Session, kept: Kept) -> None:
    """Keep the ring under another root key: a new file, a passphrase, or a plugin.

    The keys themselves stay. The old root key's file is removed when the ring is safe under the
    new one.
    """
    folder = session.keys.folder
    ring = folder.rewrap(new_root(session, folder, kept))
    record(session, "rewrap", ring.id)
    kind = folder.closed().root.get("kind")
    if session.json:
        print_json({"ring": ring.id, "root": kind}, compact=True)
    say(session, f"the key ring is kept under a new {_WORDS.get(str(kind), str(kind))} now")


_WORDS = {"file": "root key file", "provider": "root key of a plugin"}


@click.command("reencrypt", cls=Command)
@click.pass_obj
def reencrypt_command(session: Session) -> int:
    """Encrypt all secrets of the store, history and all, under the newest key.

    It works part by part while others go on working. Run it again where it was interrupted.
    Exits with 3 where values stay under keys that are not in your ring.
    """

    def progress(count: int) -> None:
        if sys.stderr.isatty() and not session.quiet:
            click.echo(f"\r{count:,} secrets", err=True, nl=False)

    with session.preferences() as prefs:
        told = prefs.reencrypt(progress)
        if told.done:
            try:
                prefs.audit.checkpoint()
            except PrefcoreError as error:  # what was asked for is done
                warn(f"that is in the log, and not signed: {error.message}")
    if sys.stderr.isatty() and not session.quiet:
        click.echo("\r", err=True, nl=False)
    if session.json:
        print_json(
            {"reencrypted": told.done, "current": told.current, "locked": told.locked},
            compact=True,
        )
    already = f", {told.current:,} were under it already" if told.current else ""
    values = f"{told.done:,} value{'' if told.done == 1 else 's'}"
    say(session, f"encrypted {values} under the newest key{already}")
    if told.locked:
        warn(
            f"{told.locked:,} values are under keys that are not in your ring, and stay so; import "
            "the ring they were made with: prefcore keys import"
        )
        return 3
    return 0
