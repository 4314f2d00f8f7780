"""Progress: how far a long act has come, told on a terminal while it lasts, and nowhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from prefcore.cli.session import Session

__all__ = ["AFTER", "Progress", "progress", "stages"]

#: Seconds that an act takes before anything is told, and from one telling to the next.
AFTER, EVERY = 1.0, 0.2


@contextmanager
def progress(session: Session, label: str) -> Iterator[Progress]:
    """Give what an act is to tell, and clear the line at its end.

    Silent where the standard error is no terminal, and with ``--quiet`` or ``--json``.
    """
    silent = session.quiet or session.json or not sys.stderr.isatty()
    told = Progress(label, None if silent else sys.stderr)
    try:
        yield told
    finally:
        told.end()


@contextmanager
def stages(session: Session) -> Iterator[Callable[[str], Progress]]:
    """Give what makes, by its label, the progress of each stage of an act: one after the other."""
    with ExitStack() as stack:

        def stage(label: str) -> Progress:
            stack.close()
            return stack.enter_context(progress(session, label))

        yield stage


class Progress:
    """Takes what an act tells (``prefcore.model.Progress``): shows count, rate and time left.

    Without the time where it is not known which part of the whole is done.
    """

    def __init__(
        self, label: str, out: TextIO | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._out = out
        self._clock = clock
        self._began = self._told = clock()
        self._entries = 0

    def __call__(self, entries: int, part: float | None = None) -> None:
        """Take in that so many entries more are done, and which part of the whole that makes."""
        self._entries += entries
        if self._out is None:
            return
        now = self._clock()
        took = now - self._began
        if took < AFTER or now - self._told < EVERY:
            return
        self._told = now
        told = f"{self._label}: {self._entries:,} entries, {self._entries / took:,.0f} a second"
        if part:
            told += f", {part:.0%}, {_duration(took / part - took)} left"
        self._write(told)

    def end(self) -> None:
        """Clear the line, so that what is told next stands where it should."""
        if self._told > self._began:
            self._write("")

    def _write(self, text: str) -> None:
        click.echo(f"\r\x1b[K{text}", file=self._out, nl=False)


def _duration(seconds: float) -> str:
    """Give a time that is left: ``8 s``, ``2:05 min``, ``1:02 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
