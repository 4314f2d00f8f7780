"""Passphrases that are to be: asked for twice, or from the environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from prefcore.cli.session import Session
from prefcore.errors import UsageError
from prefcore.keys import FILE, NEW, RING, passphrase_of

if TYPE_CHECKING:
    from prefcore.security.ring_folder import RingFolder
    from prefcore.security.ring_text import Root

__all__ = ["new_passphrase", "new_root"]


def new_passphrase(session: Session, what: str, *, name: str = FILE) -> str:
    """Give the passphrase that something is to get; raises WrongKey where it comes from nowhere."""
    return passphrase_of(session.environ, name, what, _asked_twice if session.may_ask else None)


def _asked_twice(what: str) -> str:
    return str(
        click.prompt(
            f"New passphrase of {what}", err=True, hide_input=True, confirmation_prompt=True
        )
    )


def new_root(
    session: Session, folder: RingFolder, *, passphrase: bool, provider: str | None
) -> Callable[[], tuple[Root, dict[str, object]]]:
    """Give what makes the root key that a ring is to be kept under, as the options say."""
    if passphrase and provider:
        raise UsageError("--passphrase and --provider: a ring has one root key")
    if passphrase:
        chosen = new_passphrase(session, "your key ring", name=NEW)

        def root() -> tuple[Root, dict[str, object]]:
            # Called when the ring was opened by its old root: from now on this one opens it.
            session.keys.remember(RING, chosen)
            return folder.new_passphrase_root(chosen)

        return root
    if provider:
        return lambda: folder.new_provider_root(provider, {})
    return folder.new_root_file
