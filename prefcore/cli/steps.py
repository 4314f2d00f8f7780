"""Applied steps, held against those there are, as far as these may be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefcore.cli.output import escaped, warn
from prefcore.errors import PrefcoreError

if TYPE_CHECKING:
    from prefcore.engines.migrating import ChangedStep
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["told_steps"]


def told_steps(prefs: Preferences[Schema]) -> list[ChangedStep]:
    """Give the applied steps that changed since; where steps cannot be read, say why."""
    try:
        return prefs.changed_steps()
    except PrefcoreError as error:
        warn(f"the steps that were applied are not compared: {escaped(error.message)}")
        return []
