"""Warnings of the library, told as the command line tells things."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prefcore.cli.output import warn

if TYPE_CHECKING:
    from prefcore.cli.session import Session

__all__ = ["tell_warnings"]


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


def tell_warnings(session: Session) -> None:
    """Have what the logger ``prefcore`` warns of printed, once per process."""
    logger = logging.getLogger("prefcore")
    if not any(isinstance(handler, _Teller) for handler in logger.handlers):
        logger.addHandler(_Teller(logging.WARNING))
        logger.propagate = session.debug
