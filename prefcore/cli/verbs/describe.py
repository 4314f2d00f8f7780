"""``prefcore describe``: a key's declaration, in words."""

from __future__ import annotations

from collections.abc import Iterator
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import keys
from prefcore.cli.frame import Command
from prefcore.cli.output import MASK, escaped, print_json, print_table, shown
from prefcore.cli.session import Session
from prefcore.schema.wording import RULES, type_words
from prefcore.values import UNSET

if TYPE_CHECKING:
    from prefcore.schema import Preference

__all__ = ["command"]


@click.command("describe", cls=Command)
@click.argument("key", shell_complete=keys)
@click.pass_obj
def command(session: Session, key: str) -> None:
    """Show what a key may hold, where, and what it is for."""
    with session.reading() as prefs:
        document = prefs.schema
        preference = document.preference(key)
        variable = prefs.variable(key)
    if session.json:
        declared = preference.as_document()
        if preference.sensitive:
            held = {"default": MASK} if preference.default not in (UNSET, None) else {}
            declared = {**declared, **held, "examples": []}
        where = {"scopes": list(preference.scopes), "variable": variable}
        print_json({"key": key, "schema": document.version, **declared, **where})
        return
    click.echo(f"{key}  ({document.app} {document.version})")
    if preference.help:
        text = escaped(" ".join(preference.help.split()))
        columns = min(100, get_terminal_size().columns)
        click.echo(click.wrap_text(text, columns, "  ", "  "))
    print_table(_facts(preference, variable), indent="  ")


def _facts(preference: Preference, variable: str | None) -> Iterator[tuple[str, str]]:
    shape = preference.shape.to_json()
    yield "type", type_words(preference.shape)
    enum = shape.get("enum")
    for number, value in enumerate(enum if isinstance(enum, list) else ()):
        yield ("one of" if number == 0 else ""), shown(value)
    for word, ours in RULES.items():
        if word in shape:
            yield ours, shown(shape[word])
    if preference.unit:
        yield "unit", escaped(preference.unit)
    if preference.default is UNSET:
        yield "default", "none" + (", a value is required" if preference.required else "")
    else:
        hidden = preference.sensitive and preference.default is not None
        yield "default", MASK if hidden else shown(preference.default, 200)
    yield "scopes", ", ".join(preference.scopes)
    flags = {
        "sensitive": "its value is never shown",
        "audited": "each time its value is opened, the history says so",
        "locked": "the system's value wins over all others",
        "trusted_only": "of a project, an import or a template it is taken only with --trust",
    }
    for name, words in flags.items():
        if getattr(preference, name):
            yield name.replace("_", " "), words
    if not preference.portable:
        yield "not portable", "it belongs to this machine, and stays out of exports"
    if variable is not None:
        yield "environment", variable
    yield from _more(preference)


def _more(preference: Preference) -> Iterator[tuple[str, str]]:
    if preference.merge:
        yield "merge", preference.merge
    if preference.requires_role:
        yield "role needed", preference.requires_role
    for example in () if preference.sensitive else preference.examples:
        yield "example", shown(example)
    if preference.deprecated is not None:
        sentence = " ".join(preference.deprecated.sentence.split())
        yield "deprecated", escaped(sentence.removeprefix("is deprecated").lstrip(": ") or "yes")
