"""Output: data on the standard output, everything else on the standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from prefcore.values import UNSET, canonical_text, to_tagged

if TYPE_CHECKING:
    from prefcore.cli.session import Session

__all__ = [
    "MASK",
    "amount",
    "escaped",
    "print_json",
    "print_table",
    "say",
    "shown",
    "warn",
    "width",
]

#: What stands in place of a sensitive value.
MASK = "********"


def say(session: Session, text: str) -> None:
    """Tell what happened, unless ``--quiet``."""
    if not session.quiet:
        click.echo(text, err=True)


def warn(text: str) -> None:
    """Tell what the user should know although all went well."""
    line = escaped(" ".join(text.splitlines()))
    click.echo(f"{click.style('prefcore: warning:', fg='yellow')} {line}", err=True)


def print_json(data: object, *, compact: bool = False) -> None:
    """Print data as JSON; bytes and dates in the tagged form of ``prefcore.values``."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
    indent = None if compact else 2
    click.echo(json.dumps(to_tagged(data), ensure_ascii=ascii_only, indent=indent))


def shown(value: object, limit: int = 60) -> str:
    """Give a value on one line as people read it: JSON, cut at ``limit`` (0: whole)."""
    if value is UNSET:
        return "unset"
    return _cut(escaped(canonical_text(value)), limit)


def amount(number: int, noun: str) -> str:
    """Give a number of things in words, such as ``1 value`` or ``1,200 values``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def escaped(text: str) -> str:
    """Give text that cannot steer a terminal: what is not printable is written as its number."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _cut(text: str, limit: int) -> str:
    return text if not limit or len(text) <= limit else text[: limit - 1] + "…"


def width(session: Session) -> int:
    """Give how many characters of a value are shown: 0, which is all, where nothing reads along."""
    if session.verbose or not sys.stdout.isatty():
        return 0
    import shutil

    return max(30, shutil.get_terminal_size().columns - 40)


def print_table(rows: Iterable[Sequence[str]], *, indent: str = "") -> None:
    """Print rows in columns; the last one is as wide as it needs."""
    rows = [tuple(row) for row in rows]
    if not rows:
        return
    columns = len(rows[0]) - 1
    widths = [min(48, max(len(row[i]) for row in rows)) for i in range(columns)]
    for row in rows:
        cells = [cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)]
        click.echo((indent + "  ".join([*cells, row[-1]])).rstrip())
