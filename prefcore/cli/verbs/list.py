"""``prefcore list``: what holds, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import keys
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, reading, trusting
from prefcore.cli.output import escaped, print_json, print_table, say, shown, width
from prefcore.cli.session import Session
from prefcore.errors import UsageError

if TYPE_CHECKING:
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]


@click.command("list", cls=Command)
@click.argument("glob", default="*", shell_complete=keys)
@reading
@trusting
@click.option("--defaults", is_flag=True, help="List the schema's defaults too.")
@click.option("--show-origin", is_flag=True, help="Show which set each value comes from.")
@click.option(
    "--deprecated", is_flag=True, help="List only deprecated preferences, with what to use instead."
)
@click.pass_obj
def command(
    session: Session,
    glob: str,
    target: Target,
    trust: bool,
    defaults: bool,
    show_origin: bool,
    deprecated: bool,
) -> None:
    """List the values that hold, for keys that match GLOB (such as 'editor.*').

    What no set holds is left out; --defaults lists the schema's defaults as well.
    """
    if not glob:
        raise UsageError("GLOB is empty, and no key is; leave it out to list all that is set")
    target = target.to_read(lambda: session.me)
    with session.reading() as prefs:
        found = _found(prefs, glob, target, defaults=defaults, trust=trust)
        masks = Masks.of(prefs)
        old = dict(_sentences(prefs)) if deprecated else {}
        others = [] if found else prefs.apps()
    if deprecated:
        found = [one for one in found if one[0] in old]
    if session.json:
        print_json(
            [
                {"key": key, "value": masks.masked(key, value), "origin": origin}
                | ({"deprecated": old[key]} if deprecated else {})
                for key, value, origin in found
            ]
        )
        return
    limit = width(session)
    print_table(
        (
            key,
            *([escaped(origin)] if show_origin else []),
            shown(masks.masked(key, value), limit),
            *([escaped(" ".join(old[key].split()))] if deprecated else []),
        )
        for key, value, origin in found
    )
    if not found:
        kind = "nothing deprecated is set" if deprecated else "nothing is set"
        told = kind + ("" if glob == "*" else f" that matches {glob}")
        if others and session.configuration.app not in others:
            told += f": the store holds nothing of {session.configuration.app}"
            told += f", but of {', '.join(others)}"
        say(session, escaped(told))


def _sentences(prefs: Preferences[Schema]) -> Iterator[tuple[str, str]]:
    """Give each deprecated key with what its deprecation says."""
    for key, preference in prefs.schema.preferences.items():
        if preference.deprecated is not None:
            yield key, preference.deprecated.sentence


def _found(
    prefs: Preferences[Schema], glob: str, target: Target, *, defaults: bool, trust: bool
) -> list[tuple[str, object, str]]:
    if target.template is None:
        return prefs.effective(
            user=target.user,
            project=target.project,
            glob=glob,
            defaults=defaults,
            trust=trust,
        )
    held = prefs.read_set("template", target.template)
    return [(one.key, one.value, held.place) for one in held.entries if fnmatchcase(one.key, glob)]
