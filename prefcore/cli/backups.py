"""Backups as commands reach them and tell of them: the target that is named, and what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prefcore.cli.completing import targets
from prefcore.cli.output import amount
from prefcore.cli.session import Session

if TYPE_CHECKING:
    from prefcore.engines.backups import Manifest
    from prefcore.facade.backups import Backups

__all__ = ["absolute", "opened", "targeting", "told", "told_amount", "told_encryption"]


def targeting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--target``."""
    return click.option(
        "--target",
        metavar="NAME|URL",
        help="A target of prefcore.toml, or a URL (default: the one called default, or the only).",
        shell_complete=targets,
    )(function)


@contextmanager
def opened(session: Session, target: str | None) -> Iterator[Backups]:
    """Give the backups in a target, which is closed afterwards; no store is opened for it."""
    from prefcore.facade.backups import Backups, begun_folder, target_named
    from prefcore.host import default_actor

    session.permit("backup")
    name, url = target_named(absolute(target), session.targets)
    with Backups(
        url,
        plugins=session.plugins,
        name=name,
        keys=session.keys,
        actor=session.actor or default_actor(session.environ),
        begun=begun_folder(session.environ),
    ) as backups:
        yield backups


def absolute(target: str | None) -> str | None:
    """Give what ``--target`` says, with the URL of a relative path made absolute."""
    from prefcore.config import target_url

    return None if target is None else target_url(target, str(Path.cwd()))


def told(manifest: Manifest) -> str:
    """Give in a few words what a backup holds."""
    return told_amount(manifest.sets, manifest.entries)


def told_amount(sets: int, entries: int) -> str:
    """Give a number of values and sets in words."""
    return f"{amount(entries, 'value')} in {amount(sets, 'set')}"


def told_encryption(manifest: Manifest) -> str:
    """Give in a few words whether a backup is encrypted, and to what."""
    if not manifest.encrypted:
        return "not encrypted"
    key = manifest.key
    return "encrypted to a passphrase" if key is None else f"encrypted under the key {key}"
