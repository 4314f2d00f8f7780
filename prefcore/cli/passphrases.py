"""Passphrases and other roots that are to be: asked for twice, from the environment, by options."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

import click

from prefcore.cli.session import Session
from prefcore.errors import UsageError
from prefcore.keys import FILE, NEW, RING, passphrase_of

if TYPE_CHECKING:
    from prefcore.security.ring_folder import RingFolder
    from prefcore.security.ring_text import Root

__all__ = ["Kept", "keeping", "new_passphrase", "new_root"]


def new_passphrase(session: Session, what: str, *, name: str = FILE) -> str:
    """Give the passphrase that something is to get; raises WrongKey where it comes from nowhere."""
    return passphrase_of(session.environ, name, what, _asked_twice if session.may_ask else None)


def _asked_twice(what: str) -> str:
    return str(
        click.prompt(
            f"New passphrase of {what}", err=True, hide_input=True, confirmation_prompt=True
        )
    )


def keeping(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options that say under which root key a ring is to be kept, as one argument."""

    @click.option("--passphrase", is_flag=True, help="Keep it under a passphrase.")
    @click.option("--provider", metavar="ID", help="Keep its root key in this plugin's place.")
    @click.option(
        "--setting",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Tell the plugin this; it stands in clear in the ring's file. Repeatable.",
    )
    @wraps(command)
    def with_options(
        *given: object,
        passphrase: bool,
        provider: str | None,
        settings: tuple[str, ...],
        **rest: object,
    ) -> object:
        return command(*given, kept=Kept(passphrase, provider, settings), **rest)

    return with_options


class Kept(NamedTuple):
    """How a ring is to be kept: under a passphrase, by a plugin with settings, or in a file."""

    passphrase: bool
    provider: str | None
    settings: tuple[str, ...]


def new_root(
    session: Session, folder: RingFolder, kept: Kept
) -> Callable[[], tuple[Root, dict[str, object]]]:
    """Give what makes the root key that a ring is to be kept under, as the options say."""
    passphrase, provider, words = kept
    if passphrase and provider:
        raise UsageError("--passphrase and --provider: a ring has one root key")
    if words and not provider:
        raise UsageError("--setting is for a plugin: give --provider too")
    settings: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or name in settings:
            raise UsageError(f"--setting takes NAME=VALUE, each name once, not '{word:.80}'")
        settings[name] = value
    if passphrase:
        chosen = new_passphrase(session, "your key ring", name=NEW)

        def root() -> tuple[Root, dict[str, object]]:
            # Called when the ring was opened by its old root: from now on this one opens it.
            session.keys.remember(RING, chosen)
            return folder.new_passphrase_root(chosen)

        return root
    if provider:
        return lambda: folder.new_provider_root(provider, settings)
    return folder.new_root_file
