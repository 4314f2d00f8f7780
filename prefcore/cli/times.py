"""Times as people read and write them: to the second, in the zone of the terminal."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta

from prefcore.canonical import iso_time
from prefcore.errors import UsageError
from prefcore.model import local_text, to_micros

__all__ = ["duration_of", "json_time", "local_time", "moment_of"]

_DURATION = re.compile(r"([0-9]{1,9})([hdwy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}


def local_time(moment: datetime) -> str:
    """Give an aware moment in local time, such as ``2026-01-31 12:00:00``."""
    return local_text(moment)


def json_time(moment: datetime) -> str:
    """Give an aware moment as all JSON tells it: ``2026-01-31T12:00:00.000000Z``."""
    return iso_time(to_micros(moment))


def duration_of(text: str, option: str) -> timedelta:
    """Give how long a text such as ``90d`` says: hours, days, weeks or years of 365 days."""
    found = _DURATION.fullmatch(text)
    try:
        if found is not None:
            return timedelta(hours=int(found[1]) * _HOURS[found[2]])
    except OverflowError:
        pass  # longer than any time
    raise UsageError(f"{option} takes a time such as 12h, 90d, 26w or 2y, not '{text:.40}'")


def moment_of(text: str | None, option: str, *, ends_day: bool) -> datetime | None:
    """Give a moment; one without a zone is in that of this machine, and a day ends with it."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} takes a day or a time, such as 2026-01-31 or 2026-01-31T12:00, not "
            f"'{text:.40}'"
        ) from error
    # In another zone, or a day later, these need not be moments that can be told.
    if moment.year == MINYEAR:
        return datetime.min.replace(tzinfo=UTC)
    if moment.year == MAXYEAR:
        return datetime.max.replace(tzinfo=UTC)
    if ends_day and moment.time() == time() and len(text) <= len("2026-01-31"):
        moment += timedelta(days=1)
    try:
        return moment.astimezone() if moment.tzinfo is None else moment
    except ValueError as error:
        raise UsageError(
            f"{option} {text:.40} has no zone, and the variable TZ names none that there is; "
            "write the zone after the time, such as 2026-01-31T12:00+00:00"
        ) from error
