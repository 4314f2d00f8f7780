"""``prefcore backup restore``: values, or a whole store, brought back from a backup."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from prefcore.cli.backups import absolute, opened, targeting, told
from prefcore.cli.completing import backup_ids
from prefcore.cli.frame import PATH, Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting, backing_up, selecting
from prefcore.cli.output import escaped, print_json, say
from prefcore.cli.plans import finish, tell_done
from prefcore.cli.progress import progress, stages
from prefcore.cli.session import Session
from prefcore.config import store_url
from prefcore.errors import NotFound, UsageError
from prefcore.model import Selection

if TYPE_CHECKING:
    from prefcore.engines.backups import Manifest
    from prefcore.facade.backups import Backups
    from prefcore.interfaces import Store

__all__ = ["command"]


_EXAMPLES = {
    "prefcore backup restore latest --owner alice --dry-run": "see what would come back",
    "prefcore backup restore latest --to new.db": "a whole store, beside the present one",
}


@click.command("restore", cls=Command, examples=_EXAMPLES)
@click.argument("id", metavar="ID", shell_complete=backup_ids)
@targeting
@click.option(
    "--to",
    metavar="STORE",
    type=PATH,
    help="Into this new store, whole: sqlite:PATH, or a path.",
)
@selecting
@acting
@backing_up
@click.pass_obj
def command(
    session: Session,
    id: str,
    target: str | None,
    to: str | None,
    selection: Selection,
    dry_run: bool,
    reason: str,
    back_up: bool,
) -> None:
    """Bring values back from the backup ID (its beginning, or `latest`), or a whole store.

    In a store that is in use, the selected values of the application become what they are in the
    backup, in one changeset that can be undone; the present state is kept first, as a safety copy
    and as a backup. A store that is missing or holds nothing, or the one named with --to, is
    filled with all of the backup: every application, with its history.
    """
    url = store_url(to) if to else session.configuration.store
    in_use = _is_in_use(session, url)
    if to and in_use:
        raise UsageError(f"{url} is in use; a whole store is restored into a new one")
    if not in_use and not selection.is_everything:
        raise UsageError(
            "a new store is filled with all of a backup; leave out --scope, --owner and --key"
        )
    if not in_use:
        with opened(session, target) as backups:
            _fill(session, backups, backups.find(id), url, dry=dry_run)
        return
    with session.preferences() as prefs, ExitStack() as stack:
        with progress(session, "restoring") as watch:
            begun = prefs.begin_restore(
                id,
                target=absolute(target),
                selection=selection,
                back_up=back_up,
                reason=reason,
                rehearsed=dry_run,
                progress=watch,
            )
            act = stack.enter_context(begun)
        made = finish(session, act, Masks.of(prefs), dry=dry_run)
    if not dry_run:
        tell_done(session, "restored", made, f"prefcore undo {made.id[:8]}" if made else "")


def _is_in_use(session: Session, url: str) -> bool:
    """Say whether a store is there and holds something."""
    try:
        store = _open(session, url)
    except NotFound:
        return False
    try:
        with store.snapshot() as view:
            return bool(view.apps())
    finally:
        store.close()


def _open(session: Session, url: str, *, create: bool = False) -> Store:
    info = session.plugins.stores.get(url.partition(":")[0])
    return info.open(url, create=create, read_only=False)


def _fill(session: Session, backups: Backups, manifest: Manifest, url: str, *, dry: bool) -> None:
    # Before a store is made: one that stays empty would be taken for a fresh one.
    with stages(session) as backups.stages:
        backups.verify(manifest)
        if not dry:
            store = _open(session, url, create=True)
            try:
                backups.load(manifest, store)
            finally:
                store.close()
    if session.json:
        data = {"store": url, "restored": not dry, "backup": manifest.as_data()}
        print_json(data)
        return
    apps = ", ".join(f"{one.app} at schema {one.schema or 'none'}" for one in manifest.apps)
    would = "would restore" if dry else "restored"
    say(session, f"{would} {told(manifest)} and the whole history to {escaped(url)}: {apps}")
