"""Warnings of the library, told as the command line tells things."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prefcore.cli.output import warn

if TYPE_CHECKING:
    from prefcore.cli.session import Session
    from prefcore.security.ring import KeyRing

__all__ = ["tell_warnings", "warn_uncopied"]


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


def tell_warnings(session: Session) -> None:
    """Have what the logger ``prefcore`` warns of printed, once per process."""
    logger = logging.getLogger("prefcore")
    if not any(isinstance(handler, _Teller) for handler in logger.handlers):
        logger.addHandler(_Teller(logging.WARNING))
        logger.propagate = session.debug


def warn_uncopied(ring: KeyRing | None) -> None:
    """Say it where the key ring has no copy: with it all secrets would be lost."""
    if ring is not None and ring.copied_at is None:
        warn(
            "there is no copy of your key ring, and without it no secret opens; make one and keep "
            "it elsewhere: prefcore keys export FILE"
        )
