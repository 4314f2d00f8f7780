"""``prefcore keys export`` and ``import``: a copy of the key ring, under a passphrase."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from prefcore.cli.files import readable, replacing
from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import escaped, print_json, say, warn
from prefcore.cli.passphrases import Kept, keeping, new_passphrase, new_root
from prefcore.cli.session import Session
from prefcore.cli.verbs.keys import record
from prefcore.errors import PluginError, PolicyRefused, WrongKey
from prefcore.keys import FILE

if TYPE_CHECKING:
    from prefcore.security.ring import KeyRing
    from prefcore.security.ring_folder import Broken

__all__ = ["export_command", "import_command"]

#: A copy of a ring is smaller by far.
_MOST = 4 << 20


@click.command("export", cls=Command)
@click.argument("file", type=PATH)
@click.option("--force", is_flag=True, help="Write over FILE, such as an older copy.")
@click.pass_obj
def export_command(session: Session, file: str, force: bool) -> None:
    """Write a copy of your key ring to FILE, which a passphrase opens and nothing else is needed.

    Keep it where a lost disk does not take it along, and the passphrase elsewhere. With both,
    every secret can be read. A file that is there stays as it is.
    """
    if not force and os.path.lexists(file):
        raise PolicyRefused(
            f"{file} is there already, and stays: an older copy may hold keys that this ring does "
            "not; name another file, or give --force",
            path=file,
        )
    from prefcore.security.ring_copies import copy_bytes

    folder = session.keys.folder
    ring = folder.open()
    passphrase = new_passphrase(session, f"the copy {file}")
    now = datetime.now(UTC)
    with replacing(file, private=True) as out:
        out.write(copy_bytes(ring.copied(now), passphrase, os.urandom))
    folder.change(lambda ring: ring.copied(now))
    record(session, "export", ring.id)
    if session.json:
        print_json({"ring": ring.id, "file": file}, compact=True)
    say(session, f"wrote a copy of the key ring to {escaped(file)}")


@click.command("import", cls=Command)
@click.argument("file", type=PATH)
@keeping
@click.option("-y", "--yes", is_flag=True, help="Do not ask where the copy may be of another ring.")
@click.option("--force", is_flag=True, help="Put your ring aside although it is not damaged.")
@click.pass_obj
def import_command(session: Session, file: str, kept: Kept, yes: bool, force: bool) -> None:
    """Take in a copy of a key ring from FILE, as keys export wrote it.

    Where you have no ring, it becomes yours. Where you have, its keys are added: those of another
    ring only open what they encrypted, and of two states of one key the worse holds. A ring that is
    damaged, or has lost its root key's file, is put aside for the copy, and never deleted; so is,
    with --force, one whose passphrase or plugin does not open it any more.
    """
    from prefcore.security.ring_copies import opened_copy

    with readable(file) as (path, name), path.open("rb") as source:
        data = source.read(_MOST + 1)
    taken = opened_copy(data, name, lambda: session.keys.passphrase(FILE, f"the copy {name}"))
    folder = session.keys.folder
    if folder.stamp() is None:
        root = new_root(session, folder, kept)
        ring = folder.create(datetime.now(UTC), root, taken)
        told = "your key ring is the one of the copy now"
    elif (broken := folder.broken(is_lost=force)) is not None:
        _confirm(session, broken, taken, name, sure=yes or force)
        root = new_root(session, folder, kept)
        aside, ring = folder.replace(taken, root), taken
        warn(
            f"{escaped(broken.why.partition(';')[0])}; your ring as it was is kept as "
            f"{escaped(str(aside))}"
        )
        told = "your key ring is the one of the copy now"
        _warn_lacking(broken, taken)
    else:
        before = {key["id"] for key in folder.closed().clear["keys"]}
        try:
            ring = folder.change(lambda ring: ring.merged(taken))
        except (WrongKey, PluginError) as error:
            raise type(error)(
                f"{error.message}; if it will never open again, --force puts it aside for the copy",
                **error.facts,
            ) from error
        added = len(ring.keys) - len(before)
        told = f"added {added} key{'' if added == 1 else 's'} to your ring"
    record(session, "import", taken.id)
    if session.json:
        print_json({"ring": ring.id, "keys": len(ring.keys)}, compact=True)
    say(session, told)


def _confirm(session: Session, broken: Broken, taken: KeyRing, name: str, *, sure: bool) -> None:
    """Have it confirmed that a copy is of the ring that is broken, where that does not show."""
    if sure or (broken.closed is not None and broken.closed.id == taken.id):
        return
    what = "is of another ring" if broken.closed is not None else "may be of another ring"
    why = broken.why.partition(";")[0]
    told = f"{why}, and the copy {name} {what}"
    if not session.may_ask:
        raise PolicyRefused(f"{told}; to put yours aside for it, give --yes", path=name)
    if not click.confirm(f"{escaped(told)}. Put yours aside for it?", err=True):
        raise PolicyRefused(f"{told}; nothing was changed", path=name)


def _warn_lacking(broken: Broken, taken: KeyRing) -> None:
    """Say which keys of the broken ring the copy does not have."""
    held = {key.id for key in taken.keys}
    shown = [] if broken.closed is None else [str(key["id"]) for key in broken.closed.clear["keys"]]
    if lacking := [id for id in shown if id not in held]:
        warn(
            f"the copy lacks {', '.join(map(escaped, lacking))}, made after it: what that "
            "encrypted opens only with a newer copy, or with the root key that is lost"
        )
