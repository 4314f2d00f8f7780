"""Warnings of the library, told as the command line tells things."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import click

from prefcore.cli.output import warn

if TYPE_CHECKING:
    from prefcore.cli.session import Session
    from prefcore.security.ring import KeyRing

__all__ = ["drop_warnings", "tell_warnings", "warn_uncopied", "warnings_dropped"]


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


def tell_warnings(session: Session) -> None:
    """Have what the logger ``prefcore`` warns of printed until the command line ends."""
    _until_the_end(_taken([_Teller(logging.WARNING)], is_passed_on=session.debug))


def drop_warnings() -> None:
    """Keep what the logger ``prefcore`` warns of to ourselves until the command line ends."""
    _until_the_end(_taken([], is_passed_on=False))


@contextmanager
def warnings_dropped() -> Iterator[None]:
    """Keep what the logger ``prefcore`` warns of to ourselves."""
    with _taken([], is_passed_on=False):
        yield


@contextmanager
def _taken(handlers: list[logging.Handler], *, is_passed_on: bool) -> Iterator[None]:
    """Take the place of the logger's handlers; a program that runs us may have its own there."""
    logger = logging.getLogger("prefcore")
    before = logger.handlers, logger.propagate
    # Without any handler, Python would print what nobody takes.
    logger.handlers, logger.propagate = handlers or [logging.NullHandler()], is_passed_on
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before


def _until_the_end(taken: AbstractContextManager[None]) -> None:
    context = click.get_current_context(silent=True)
    if context is not None:  # a shell that completes has none, and drops the warnings itself
        context.find_root().with_resource(taken)


def warn_uncopied(ring: KeyRing | None) -> None:
    """Say it where the key ring has no copy: with it all secrets would be lost."""
    if ring is not None and ring.copied_at is None:
        warn(
            "there is no copy of your key ring, and without it no secret opens; make one and keep "
            "it elsewhere: prefcore keys export FILE"
        )
