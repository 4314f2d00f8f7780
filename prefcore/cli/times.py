"""Times as people read them: to the second, in the zone of the terminal."""

from __future__ import annotations

from datetime import datetime

__all__ = ["local_time"]


def local_time(moment: datetime) -> str:
    """Give an aware moment in local time, such as ``2026-01-31 12:00:00``."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
