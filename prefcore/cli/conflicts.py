"""Conflicts at the command line: asked about, written to a file, and what was decided in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from prefcore.cli.files import format_of, readable, replacing
from prefcore.cli.output import escaped, shown
from prefcore.conflicts import Choice, conflict_values, mark_of, read_choices
from prefcore.detection import formats_for, guarded
from prefcore.documents import opened_document
from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.model import Conflict, PlainDocument, Plan
from prefcore.values import UNSET

if TYPE_CHECKING:
    from prefcore.cli.masking import Masks
    from prefcore.plugins.manager import Plugins

__all__ = ["ask_about", "choices_of", "write_conflicts"]

_KEYS = {"o": "ours", "t": "theirs", "b": "base", "s": "", "q": ""}


def choices_of(file: str, plugins: Plugins, app: str) -> tuple[Choice, ...]:
    """Give what was chosen in a conflict file; raises what reading it raises."""
    limits = Limits()
    with readable(file) as (path, name), path.open("rb") as source:
        formats = formats_for(name, plugins.formats)
        document = opened_document(source, name, formats, limits=limits).document
        values = document.values if isinstance(document, PlainDocument) else {}
        return read_choices(values, name=name, app=app)


def write_conflicts(plan: Plan, file: str, plugins: Plugins) -> None:
    """Write the conflicts of a plan for a person to decide, in the format of the file's suffix."""
    count = plan.counts["conflict"]
    if count > len(plan.conflicts):
        raise UsageError(
            f"there are {count} conflicts, and a file holds {len(plan.conflicts)}; decide most "
            "with --merge or --take first"
        )
    imported = str(plan.details["file"])
    values = conflict_values(plan.conflicts, app=plan.app, file=imported)
    info = plugins.formats.get(format_of(file, plugins))
    with replacing(file) as out, guarded(info):
        info.factory().write_plain(values, out)


def ask_about(conflicts: Sequence[Conflict], masks: Masks) -> list[Choice]:
    """Ask about conflicts one by one, on the standard error; what is skipped has no choice."""
    choices: list[Choice] = []
    for number, conflict in enumerate(conflicts, 1):
        click.echo(
            f"{number} of {len(conflicts)}: {escaped(conflict.place)} {escaped(conflict.key)}",
            err=True,
        )
        for side, name in (("base", "base"), ("ours", "here"), ("theirs", "in the file")):
            value = masks.masked(conflict.key, getattr(conflict, side))
            if side != "base" or value is not UNSET:
                click.echo(f"  {name.ljust(11)}  {shown(value, 0)}", err=True)
        has_base = conflict.base is not UNSET
        answer = click.prompt(
            f"take (o)urs, (t)heirs{', (b)ase' if has_base else ''}, (s)kip, (q)uit",
            type=click.Choice([key for key in _KEYS if key != "b" or has_base]),
            show_choices=False,
            err=True,
        )
        if answer == "q":
            break
        if _KEYS[answer]:
            about = (conflict.scope, conflict.owner, conflict.key)
            choices.append(Choice(*about, _KEYS[answer], mark_of(conflict)))
    return choices
