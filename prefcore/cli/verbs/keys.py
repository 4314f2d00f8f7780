"""``prefcore keys``: the key ring that secrets are encrypted with; making and showing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.output import escaped, print_json, print_table, say, warn
from prefcore.cli.passphrases import Kept, keeping, new_root
from prefcore.cli.session import Session
from prefcore.cli.times import json_time, local_time
from prefcore.cli.warnings import warn_uncopied
from prefcore.errors import NotFound, PrefcoreError, UsageError

if TYPE_CHECKING:
    from prefcore.security.ring_text import ClosedRing

__all__ = ["command", "init_command", "list_command", "record"]

command = LazyGroup(
    name="keys",
    package="prefcore.cli.verbs",
    table={
        "init": ("keys:init_command", "Make your key ring."),
        "list": ("keys:list_command", "List the keys, and how the ring is kept."),
        "check": ("keys_checking:command", "Check that the ring opens, and is kept safely."),
        "rotate": ("keys_changing:rotate_command", "Make a new key, which encrypts from now on."),
        "reencrypt": (
            "keys_changing:reencrypt_command",
            "Encrypt all secrets of the store under the newest key.",
        ),
        "compromise": ("keys_changing:compromise_command", "Mark a key that somebody may have."),
        "rewrap": ("keys_changing:rewrap_command", "Keep the ring under another root key."),
        "export": ("keys_moving:export_command", "Write a copy of the ring, under a passphrase."),
        "import": ("keys_moving:import_command", "Take in a copy of a ring."),
    },
    help="Keep the keys that secrets are encrypted with.",
)


@click.command("init", cls=Command)
@keeping
@click.pass_obj
def init_command(session: Session, kept: Kept) -> None:
    """Make your key ring, with one key; where there is one, it stays.

    Its root key is a file that only you may read, a passphrase, or with a plugin. Sensitive
    preferences can be stored from then on.
    """
    folder = session.keys.folder
    ring = folder.create(datetime.now(UTC), new_root(session, folder, kept))
    closed = folder.closed()
    record(session, "init", ring.id)
    if session.json:
        print_json(_data(closed))
    say(session, f"made a key ring in {escaped(str(folder.path))}, {_kept(closed)}")
    warn_uncopied(ring)


@click.command("list", cls=Command)
@click.pass_obj
def list_command(session: Session) -> None:
    """List the keys of your ring, oldest first; no passphrase is needed.

    An active key encrypts and opens, a decrypt-only one opens what it encrypted before; what a
    compromised one encrypted should be encrypted anew, with keys reencrypt.
    """
    closed = session.keys.folder.closed()
    if session.json:
        print_json(_data(closed))
        return
    say(session, f"{escaped(closed.name)}, {_kept(closed)}")
    print_table(
        (key["id"], key["state"], local_time(key["created_at"])) for key in closed.clear["keys"]
    )


def _kept(closed: ClosedRing) -> str:
    root = closed.root
    if root.get("kind") == "passphrase":
        return "under a passphrase"
    if root.get("kind") == "provider":
        return f"under a root key that {escaped(str(root.get('provider')))} keeps"
    return f"under the root key {escaped(str(root.get('file')))}"


def _data(closed: ClosedRing) -> dict[str, object]:
    copied_at = closed.clear.get("copied_at")
    return {
        "ring": closed.id,
        "path": closed.name,
        "root": closed.root.get("kind"),
        "copied_at": json_time(copied_at) if isinstance(copied_at, datetime) else None,
        "keys": [
            {
                "id": key["id"],
                "state": key["state"],
                "created_at": json_time(key["created_at"]),
            }
            for key in closed.clear["keys"]
        ],
    }


def record(session: Session, act: str, id: str, **more: str) -> None:
    """Put an act on keys, which is done, into the log of the configured store, and sign that.

    Nothing where no store is configured, or it holds nothing of the application: no secret there is
    concerned.
    """
    try:
        with session.preferences() as prefs:
            prefs.record("keys", {"act": act, "id": id, **more}, reason=f"{act} {id}")
            if prefs.may("keys"):  # of one's own keys it is told, but not everybody signs the log
                prefs.audit.checkpoint()
    except (NotFound, UsageError):
        return  # nothing is configured here: the ring is the user's, not the store's
    except PrefcoreError as error:
        warn(f"this act on keys is not in the log, or not signed: {error.message}")
