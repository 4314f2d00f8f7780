"""Asking: what is done only after somebody at a terminal said yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prefcore.errors import PolicyRefused, UsageError

if TYPE_CHECKING:
    from prefcore.cli.session import Session

__all__ = ["confirm"]


def confirm(session: Session, question: str, *, unasked: str) -> None:
    """Return if the answer is yes; raises PolicyRefused where it is no.

    Raises UsageError, which says ``unasked``, where nobody is there to answer.
    """
    if not session.may_ask:
        raise UsageError(unasked)
    if not click.confirm(question, err=True):
        raise PolicyRefused("not confirmed; nothing was changed")
