"""``prefcore keys check``: whether the ring opens, and what is to be done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import click

from prefcore.cli.frame import Command
from prefcore.cli.output import amount, escaped, print_json, say
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.errors import NotFound, PrefcoreError, UsageError

if TYPE_CHECKING:
    from prefcore.security.ring import KeyRing

__all__ = ["command"]


class _Use(NamedTuple):
    """How many values of the configured store are under each key; why that is not known, if so."""

    store: str
    counts: Counter[str]
    unknown: str = ""


@click.command("check", cls=Command)
@click.pass_obj
def command(session: Session) -> int:
    """Check that your ring opens with its root key, and how it is kept.

    Of a compromised key it looks whether the configured store holds anything under it still. Exits
    with 1 where something should be done, and as the error says where it does not open.
    """
    folder = session.keys.folder
    ring = folder.open()
    to_do, notes = list(_of_copies(ring)), list[str]()
    leaked = [key.id for key in ring.keys if key.state == "compromised"]
    if leaked:
        use = _use(session)
        for id in leaked:
            left = use.unknown or use.counts[id]
            (to_do if left else notes).append(_of_compromised(id, use))
    to_do += [
        f"{path} is a root key that no ring here uses; if no other ring needs it, delete it"
        for path in folder.stray_roots()
    ]
    to_do += [
        f"{path} is a ring that was put aside; keep it and the root keys beside it until no secret "
        "is left that it alone opens (see prefcore doctor), then delete it"
        for path in folder.put_aside()
    ]
    if session.json:
        print_json({"opens": True, "to_do": to_do, "notes": notes})
    else:
        say(session, f"the key ring opens, and has {amount(len(ring.keys), 'key')}")
        for one in notes:
            say(session, escaped(one))
        for one in to_do:
            click.echo(escaped(one))
    return 1 if to_do else 0


def _of_copies(ring: KeyRing) -> Iterator[str]:
    if ring.copied_at is None:
        yield "there is no copy; make one and keep it elsewhere: prefcore keys export FILE"
    elif max(key.created_at for key in ring.keys) > ring.copied_at:
        yield (
            f"the copy of {local_time(ring.copied_at)} lacks the newest key; make another: "
            "prefcore keys export FILE"
        )


def _use(session: Session) -> _Use:
    from prefcore.engines.auditing import keys_in_use

    try:
        store = session.open_store()
    except (NotFound, UsageError):
        return _Use("", Counter(), "no store is configured here to look into")
    except PrefcoreError as error:
        return _Use("", Counter(), f"the store could not be looked into: {error.message}")
    try:
        with store.snapshot() as view:
            return _Use(store.url, keys_in_use(view))
    finally:
        store.close()


def _of_compromised(id: str, use: _Use) -> str:
    told = f"the key {id} is compromised"
    if use.unknown:
        return (
            f"{told}; encrypt anew what it encrypted, in each store: prefcore keys reencrypt "
            f"({use.unknown})"
        )
    if count := use.counts[id]:
        values = amount(count, "value")
        return (
            f"{told}, and {values} of {use.store} {'is' if count == 1 else 'are'} under it; "
            "encrypt them anew: prefcore keys reencrypt"
        )
    return (
        f"{told}, and nothing in {use.store} is under it any more; backups, exports and other "
        "stores may hold what it opens, so change those secrets themselves"
    )
