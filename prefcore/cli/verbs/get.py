"""``prefcore get``: the value that holds for a key.

The fastest way through the program: it loads nothing but the store and ``prefcore.lookup``. Only a
key that the store does not declare needs the whole facade.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import keys
from prefcore.cli.deprecations import tell_deprecated
from prefcore.cli.frame import Command
from prefcore.cli.options import Target, reading, trusting
from prefcore.cli.output import MASK, escaped, print_json, warn
from prefcore.cli.session import Session
from prefcore.errors import NotFound, NotPermitted, UnknownKey
from prefcore.lookup import Lookup
from prefcore.values import UNSET, Sealed, canonical_text, from_text

if TYPE_CHECKING:
    from prefcore.interfaces import Store
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]

#: Value (or UNSET), origin, and whether it must not be shown.
_Found = tuple[object, str, bool]


@click.command("get", cls=Command)
@click.argument("key", shell_complete=keys)
@reading
@trusting
@click.option("--show-origin", is_flag=True, help="Print first which set the value comes from.")
@click.option("--reveal", is_flag=True, help="Print a secret itself, not a mask in its place.")
@click.pass_obj
def command(
    session: Session, key: str, target: Target, trust: bool, show_origin: bool, reveal: bool
) -> None:
    """Print the value that holds for a key.

    Text is printed bare, everything else as JSON. A key that is unset and has no default exits
    with 10.
    """
    target = target.to_read(lambda: session.me)
    store = session.open_store()
    try:
        prefs = None
        found = _found_fast(session, store, key, target, trust=trust)
        if found is None:
            prefs = session.facade(store)
            session.read_at_newest(prefs)
            found = _found(prefs, key, target, trust=trust)
        if reveal:  # by the facade that found it: another may be at another version
            found = _revealed(lambda: prefs or session.facade(store), key, found)
    finally:
        store.close()
    value, origin, sensitive = found
    if value is UNSET:
        raise NotFound(f"{key} is not set {_where(target)}and has no default", key=key)
    _print(session, key, value, origin, sensitive=sensitive, show_origin=show_origin)


def _found_fast(
    session: Session, store: Store, key: str, target: Target, *, trust: bool
) -> _Found | None:
    """Give what is found by the store's own declaration alone; None where that does not do."""
    if store.read_only:  # perhaps it is older than its readers, and read through the steps
        return None
    lookup = Lookup(store, session.configuration.app, access=lambda: session.access)
    try:
        if session.environ.get(lookup.declared(key).variable):
            return None  # what the variable's text means, only the schema tells
        return _found(lookup, key, target, trust=trust)
    except (UnknownKey, NotPermitted):
        # The facade records what it denies.
        # A fresh store declares nothing yet, and the whole schema knows the nearest key.
        return None


def _found(lookup: Lookup, key: str, target: Target, *, trust: bool) -> _Found:
    declared = lookup.declared(key)
    tell_deprecated(lookup, [key])
    if target.template is not None:
        sets = [("template", target.template)]
        layers = lookup.layers(key, sets)
        value = from_text(layers[0][2]) if layers else UNSET
        return value, f"template/{target.template}", declared.sensitive
    told = lookup.explain(key, user=target.user, project=target.project, trust=trust)
    for layer in told:
        if layer.state == "not trusted":
            warn(
                f"{escaped(layer.origin)} {key}: what it says is passed over, for the key is "
                "declared trusted_only; --trust takes it"
            )
    for layer in told:
        if layer.state == "wins":
            return layer.value, layer.origin, declared.sensitive
    return UNSET, "", declared.sensitive


def _revealed(
    facade: Callable[[], Preferences[Schema]], key: str, found: tuple[object, str, bool]
) -> tuple[object, str, bool]:
    """Open what was found, where it is sealed."""
    value, origin, _ = found
    if isinstance(value, Sealed):
        scope, _, owner = origin.partition("/")
        value = facade().reveal(scope, owner, key).reveal()
    elif origin.startswith("environment/"):  # a Secret, whose class is slow to import
        value = getattr(value, "reveal", lambda: found[0])()
    return value, origin, False


def _where(target: Target) -> str:
    if target.template is not None:
        return f"in template/{target.template} "
    owners = [
        f"{scope}/{owner}"
        for scope, owner in (("user", target.user), ("project", target.project))
        if owner is not None
    ]
    return f"for {' in '.join(owners)} " if owners else "in the system "


def _print(
    session: Session, key: str, value: object, origin: str, *, sensitive: bool, show_origin: bool
) -> None:
    if (sensitive and value is not None) or isinstance(value, Sealed):
        value = MASK
    if session.json:
        data: dict[str, object] = {"key": key, "value": value, "origin": origin}
        print_json(data | ({"sensitive": True} if sensitive else {}), compact=True)
        return
    text = value if isinstance(value, str) else canonical_text(value)
    click.echo(f"{origin}\t{text}" if show_origin else text)
