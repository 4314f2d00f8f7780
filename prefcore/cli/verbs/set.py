"""``prefcore set``: values of one set, all in one changeset or none."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from prefcore.cli.completing import settings
from prefcore.cli.deprecations import tell_deprecated
from prefcore.cli.failures import from_os
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, acting, one_set
from prefcore.cli.output import print_json, say, warn
from prefcore.cli.plans import carry_out, short
from prefcore.cli.session import Session
from prefcore.cli.warnings import warn_uncopied
from prefcore.errors import InvalidValue, PolicyRefused, PrefcoreError, UsageError
from prefcore.model import Changeset
from prefcore.model.sets import place

if TYPE_CHECKING:
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]

_MOST_STDIN = 16 << 20
_NUMBER = re.compile(r"-\.?\d")
#: Goes before a negative number until click, which would take it for an option, is through.
_SHIELD = "\0"


class _Set(Command):
    """Takes ``-5`` for a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(
            ctx, [_SHIELD + one if _NUMBER.match(one) else one for one in args]
        )


def _unshielded(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    return tuple(one.removeprefix(_SHIELD) for one in value)


_EXAMPLES = {
    "prefcore set editor.font_size 14": "in your own set",
    "prefcore set theme=dark editor.font_size=14 --user alice": "several together, or none of them",
    "pass show token | prefcore set api.token -": "a secret, which never stands on a command line",
}


@click.command("set", cls=_Set, examples=_EXAMPLES)
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="KEY VALUE | KEY=VALUE...",
    callback=_unshielded,
    shell_complete=settings,
)
@one_set
@acting
@click.pass_obj
def command(
    session: Session, words: tuple[str, ...], target: Target, dry_run: bool, reason: str
) -> None:
    """Set preferences of one user, project, the system or a template.

    VALUE is read by the type that KEY declares: text as it stands, everything else as JSON. The
    VALUE - reads it from the standard input; without one you are asked. Several KEY=VALUE are set
    together or not at all.
    """
    scope, owner = target.to_change(lambda: session.me)
    with session.preferences() as prefs:
        texts = _texts(session, prefs, words, place(scope, owner))
        values = {key: prefs.parse(key, text) for key, text in texts.items()}
        tell_deprecated(prefs, values)
        if dry_run:
            plan = prefs.plan_set(scope, owner, values, source="manual", reason=reason)
            carry_out(session, prefs, plan, Masks.of(prefs), dry=True)
            return
        changeset = prefs.set_many(scope, owner, values, source="manual", reason=reason)
        tell_set(session, "set", list(values), place(scope, owner), changeset)
        try:
            _warn_after(prefs, scope, owner, list(values))
        except PrefcoreError as error:  # what was asked for is done
            warn(f"whether that value holds could not be looked up: {error.message}")


def _warn_after(prefs: Preferences[Schema], scope: str, owner: str, keys: list[str]) -> None:
    """Say what the one who set values should know of them."""
    if any(prefs.declared(key).sensitive for key in keys):
        warn_uncopied(prefs.keys.ring)
    _warn_shadowed(prefs, scope, owner, keys)
    if scope == "project":
        for key in keys:
            if prefs.declared(key).trusted_only:
                warn(f"{key} is declared trusted_only: here it counts only with --trust")


def _texts(
    session: Session, prefs: Preferences[Schema], words: tuple[str, ...], where: str
) -> dict[str, str]:
    """Give each key's text; reads the standard input where a VALUE is ``-``."""
    if len(words) == 1 and "=" not in words[0]:
        return {words[0]: _asked(session, prefs, words[0], where)}
    if len(words) == 2 and "=" not in words[0]:
        pairs = [(words[0], words[1])]
    else:
        pairs = [_pair(word) for word in words]
    texts: dict[str, str] = {}
    for key, text in pairs:
        if key in texts:
            raise UsageError(f"{key} is given twice; give each key once")
        if text == "-" and "-" in texts.values():
            raise UsageError("only one value can be read from the standard input")
        texts[key] = text
    for key, text in texts.items():
        if text != "-" and prefs.declared(key).sensitive:
            prefs.keys.needed(f"{where} {key}")
            raise PolicyRefused(
                f"{where} {key} is a secret, and what is typed on a command line others can see; "
                "leave VALUE out to be asked for it, or give - to read the standard input",
                key=key,
            )
    return {key: _stdin(key) if text == "-" else text for key, text in texts.items()}


def _pair(word: str) -> tuple[str, str]:
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise UsageError(f"'{word}' is no KEY=VALUE; give KEY VALUE, or only KEY=VALUE")
    return key, text


def _stdin(key: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_STDIN + 1)
    except OSError as error:
        raise from_os(error, "standard input") or error from error
    if len(data) > _MOST_STDIN:
        raise InvalidValue(f"{key}: the standard input holds more than {_MOST_STDIN >> 20} MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(
            f"{key}: the standard input is no UTF-8 at byte {error.start}"
        ) from error
    # One line end, of whichever kind, comes from echo or an editor.
    return text.removesuffix("\n").removesuffix("\r")


def _asked(session: Session, prefs: Preferences[Schema], key: str, where: str) -> str:
    secret = prefs.declared(key).sensitive
    if secret:
        prefs.keys.needed(f"{where} {key}")  # before anybody types it
    if not session.may_ask:
        raise UsageError(f"no value is given for {key}; give one, or - to read standard input")
    return str(
        click.prompt(
            f"{key} for {where}", err=True, default="", show_default=False, hide_input=secret
        )
    )


def tell_set(
    session: Session, verb: str, keys: list[str], where: str, changeset: Changeset | None
) -> None:
    """Say what became of setting or unsetting keys."""
    told = ", ".join(keys) if len(keys) <= 3 else f"{len(keys)} preferences"
    if session.json:
        id = None if changeset is None else changeset.id
        print_json({"set": where, "keys": keys, "changeset": id}, compact=True)
    elif changeset is None:
        state = "so already" if verb == "set" else "not set"
        say(session, f"{told} for {where}: {state}, nothing changed")
    else:
        say(session, f"{verb} {told} for {where} (changeset {short(changeset)})")


def _warn_shadowed(prefs: Preferences[Schema], scope: str, owner: str, keys: list[str]) -> None:
    """Say it where a locked system value or a variable keeps what was set from holding.

    Of what the actor may not read nothing is said: the values are set, and that is no denial.
    """
    if scope not in ("user", "project"):
        return
    for key in keys:
        own = prefs.schema.key_of(key)
        if not (prefs.may("read", "system", "", own) and prefs.may("read", scope, owner, own)):
            continue
        user, project = (owner if scope == one else None for one in ("user", "project"))
        layers = prefs.explain(key, user=user, project=project)
        if layers[0].locked and layers[0].state == "wins":
            warn(f"{key}: the system's value is locked and wins over this one")
        elif layers[0].state == "wins" and layers[0].origin.startswith("environment/"):
            warn(f"{key}: the variable {layers[0].origin.partition('/')[2]} is set and wins here")
